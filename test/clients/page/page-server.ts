import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build, type Rolldown } from 'vite';
import { PROJECT_ROOT } from '../../../src/entry.ts';

const HTML =
  '<!doctype html><video autoplay playsinline muted></video><script type="module" src="/client.js"></script>';

/** A web site of somebody else's: it serves the page of client-page.ts, bundled, from an origin of its own. */
export class PageServer {
  readonly origin: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** @param video a WebM file that it serves as `/video` */
  static async open(video: string): Promise<PageServer> {
    const files: Readonly<Record<string, [type: string, body: string | Buffer]>> = {
      '/': ['text/html', HTML],
      '/client.js': ['text/javascript', await bundled()],
      '/video': ['video/webm', readFileSync(video)],
    };
    const server = createServer(({ url = '' }, response) => {
      const [type, body] = files[url] ?? ['text/plain', ''];
      response.writeHead(files[url] ? 200 : 404, { 'content-type': type }).end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PageServer(server);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

async function bundled(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      minify: false,
      lib: { entry: join(PROJECT_ROOT, 'test/clients/page/client-page.ts'), formats: ['es'], fileName: 'client' },
    },
  });
  const { output } = (built as Rolldown.RolldownOutput[])[0]!;
  return output[0].code;
}
