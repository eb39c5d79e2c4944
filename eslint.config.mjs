import tseslint from 'typescript-eslint';

const bannedName = '/(Manager|Helper|Handler|Util|Common|Service|Impl)s?$|^process[A-Z]/';

export default tseslint.config(
  { ignores: ['dist/**', 'web-client/dist/**', '.cache/**', '.gpu/**'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-empty': ['error', { allowEmptyCatch: false }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'No default exports.' },
        { selector: 'TSEnumDeclaration', message: 'A union of string literals instead of an enum.' },
        { selector: `ClassDeclaration[id.name=${bannedName}]`, message: 'This name says nothing: see docs/style.md.' },
        {
          selector: `FunctionDeclaration[id.name=${bannedName}]`,
          message: 'This name says nothing: see docs/style.md.',
        },
      ],
    },
  },
  {
    // One clock: everything else is handed a Clock (src/time.ts).
    files: ['src/**/*.ts'],
    ignores: ['src/time.ts', 'src/**/*.test.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Use src/time.ts.' },
        { object: 'performance', property: 'now', message: 'Use src/time.ts.' },
        { object: 'process', property: 'hrtime', message: 'Use src/time.ts.' },
      ],
    },
  },
  { files: ['*.config.ts', '**/vite.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
);
