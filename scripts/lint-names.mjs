// A rule for the linter: no class or function has a name that would fit any other as well.
const EMPTY = /(Manager|Helper|Handler|Util|Common|Service|Impl)s?$|^process[A-Z]/;

const saySomething = {
  create(context) {
    const look = ({ id }) => {
      if (id === null || !EMPTY.test(id.name)) return;
      context.report({ node: id, message: 'This name says nothing: see docs/style.md.' });
    };
    return { ClassDeclaration: look, FunctionDeclaration: look };
  },
};

export default { meta: { name: 'names' }, rules: { 'say-something': saySomething } };
