/// What runs a Node.js handler: the counterpart of AWS's `nodejs` runtime interface client. CommonJS and ES modules,
/// handlers that return promises and handlers that take a callback.
enum NodeBootstrap {
    static let fileName = "bootstrap.mjs"

    static let source = #"""
        import fs from 'node:fs';
        import http from 'node:http';
        import path from 'node:path';
        import { createRequire } from 'node:module';
        import { pathToFileURL } from 'node:url';

        const taskRoot = process.env.LAMBDA_TASK_ROOT;
        const eventEnd = process.env.TRAINYARD_EVENT_END;
        delete process.env.TRAINYARD_EVENT_END;
        const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        let requestId = '';

        function exchange(method, resource, body, headers = {}) {
          return new Promise((resolve, reject) => {
            const length = body === undefined ? 0 : Buffer.byteLength(body);
            const request = http.request(
              { host, port, method, agent, path: '/2018-06-01/runtime' + resource,
                headers: { ...headers, 'Content-Length': length } },
              (response) => {
                const chunks = [];
                response.on('data', (chunk) => chunks.push(chunk));
                response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
              });
            request.on('error', reject);
            request.end(body);
          });
        }

        class Fault extends Error {
          constructor(name, message) { super(message); this.name = name; }
        }

        function write(text) {
          const bytes = Buffer.from(text);
          let offset = 0;
          while (offset < bytes.length) {
            try { offset += fs.writeSync(1, bytes, offset); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
          }
        }

        function patchConsole() {
          const levels = { log: 'INFO', info: 'INFO', debug: 'DEBUG', warn: 'WARN', error: 'ERROR', trace: 'TRACE' };
          for (const [method, level] of Object.entries(levels)) {
            console[method] = (...values) => {
              const text = format(...values).replaceAll('\n', '\r');
              write(`${new Date().toISOString()}\t${requestId || 'undefined'}\t${level}\t${text}\n`);
            };
          }
        }

        async function load(module) {
          const base = path.resolve(taskRoot, module);
          for (const extension of ['', '.js', '.mjs', '.cjs']) {
            const file = base + extension;
            if (!fs.existsSync(file) || !fs.statSync(file).isFile()) continue;
            return extension === '.cjs' ? createRequire(pathToFileURL(file))(file) : await import(pathToFileURL(file));
          }
          throw new Fault('Runtime.ImportModuleError', `Error: Cannot find module '${module}'\nRequire stack:\n- ${taskRoot}`);
        }

        async function findHandler(name) {
          const file = path.basename(name);
          const dot = file.indexOf('.');
          if (dot < 0) throw new Fault('Runtime.MalformedHandlerName', 'Bad handler');
          const module = path.join(path.dirname(name), file.slice(0, dot));
          let loaded;
          try {
            loaded = await load(module);
          } catch (error) {
            if (error instanceof SyntaxError) throw new Fault('Runtime.UserCodeSyntaxError', `SyntaxError: ${error.message}`);
            if (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND') {
              throw new Fault('Runtime.ImportModuleError', `Error: ${error.message}`);
            }
            throw error;
          }
          const members = file.slice(dot + 1).split('.');
          const find = (root) => members.reduce((value, member) => value?.[member], root);
          const handler = find(loaded) ?? find(loaded.default);
          if (handler === undefined) throw new Fault('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
          if (typeof handler !== 'function') throw new Fault('Runtime.HandlerNotFound', `${name} is not a function`);
          return handler;
        }

        function failure(error) {
          const isError = error instanceof Error;
          const result = isError
            ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
            : { errorType: typeof error, errorMessage: String(error), trace: [] };
          const logged = { errorType: result.errorType, errorMessage: result.errorMessage, stack: result.trace };
          write(`${new Date().toISOString()}\t${requestId || 'undefined'}\tERROR\tInvoke Error \t${JSON.stringify(logged)}\n`);
          return [JSON.stringify(result), { 'Lambda-Runtime-Function-Error-Type': result.errorType }];
        }

        function context(headers) {
          const deadline = Number(headers['lambda-runtime-deadline-ms']);
          const clientContext = headers['lambda-runtime-client-context'];
          return {
            callbackWaitsForEmptyEventLoop: true,
            functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
            functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
            memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
            logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
            logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
            clientContext: clientContext ? JSON.parse(clientContext) : undefined,
            identity: undefined,
            invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
            awsRequestId: requestId,
            getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
          };
        }

        function call(handler, event, context) {
          return new Promise((resolve, reject) => {
            const callback = (error, result) => (error === undefined || error === null ? resolve(result) : reject(error));
            context.done = callback;
            context.succeed = (result) => callback(null, result);
            context.fail = (error) => callback(error ?? new Error('handled'));
            const result = handler(event, context, callback);
            if (typeof result?.then === 'function') result.then(resolve, reject);
            else if (handler.length < 3) resolve(result);
          });
        }

        async function serve(handler) {
          for (;;) {
            const { headers, body } = await exchange('GET', '/invocation/next');
            requestId = headers['lambda-runtime-aws-request-id'];
            process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'] ?? '';
            let outcome = 'response';
            let answer;
            let extra = { 'Content-Type': 'application/json' };
            try {
              const result = await call(handler, JSON.parse(body), context(headers));
              try {
                answer = JSON.stringify(result === undefined ? null : result);
              } catch {
                throw new Fault('Runtime.MarshalError', 'Unable to stringify response body');
              }
            } catch (error) {
              outcome = 'error';
              [answer, extra] = failure(error);
            }
            write(eventEnd);
            await exchange('POST', `/invocation/${requestId}/${outcome}`, answer, extra);
          }
        }

        import { format } from 'node:util';

        async function failed(error, resource) {
          const [answer, extra] = failure(error);
          write(eventEnd);
          await exchange('POST', resource, answer, extra).catch(() => {});
          process.exit(129);
        }

        for (const [event, name] of [['uncaughtException', 'Runtime.UncaughtException'],
          ['unhandledRejection', 'Runtime.UnhandledPromiseRejection']]) {
          process.on(event, (error) => {
            const fault = new Fault(name, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
            failed(fault, requestId ? `/invocation/${requestId}/error` : '/init/error');
          });
        }

        patchConsole();
        let handler;
        try {
          handler = await findHandler(process.env._HANDLER);
        } catch (error) {
          await failed(error, '/init/error');
        }
        await serve(handler);

        """#
}
