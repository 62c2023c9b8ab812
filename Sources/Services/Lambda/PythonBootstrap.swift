/// What runs a Python handler: the counterpart of AWS's `awslambdaric`.
///
/// It speaks the Runtime API over one plain socket, since importing an HTTP client would cost more than the rest of a
/// cold start. Python 3.8 and later.
enum PythonBootstrap {
    static let fileName = "bootstrap.py"

    static let source = #"""
        import importlib
        import json
        import logging
        import os
        import socket
        import sys
        import time
        import traceback

        TASK_ROOT = os.environ["LAMBDA_TASK_ROOT"]
        EVENT_END = os.environ.pop("TRAINYARD_EVENT_END")
        API = "/2018-06-01/runtime"


        class Fault(Exception):
            def __init__(self, kind, message, trace=None):
                super().__init__(message)
                self.kind = kind
                self.trace = trace or []


        class RuntimeAPI:
            def __init__(self, address):
                host, port = address.rsplit(":", 1)
                self.host = address
                self.socket = socket.create_connection((host, int(port)))
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.reader = self.socket.makefile("rb")

            def exchange(self, method, path, body=b"", headers=""):
                head = f"{method} {API}{path} HTTP/1.1\r\nHost: {self.host}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
                self.socket.sendall(head.encode("latin-1") + body)
                status = self.reader.readline()
                if not status:
                    os._exit(0)
                answer = {}
                while True:
                    line = self.reader.readline().decode("latin-1").rstrip("\r\n")
                    if not line:
                        break
                    name, _, value = line.partition(":")
                    answer[name.lower()] = value.strip()
                length = int(answer.get("content-length", "0"))
                return int(status.split()[1]), answer, self.reader.read(length) if length else b""


        class Record:
            def __init__(self, names, values):
                for name in names:
                    setattr(self, name, values.get(name) if isinstance(values, dict) else None)

            def __repr__(self):
                members = ",".join(f"{name}={value}" for name, value in vars(self).items())
                return f"{type(self).__name__}([{members}])"


        class CognitoIdentity(Record):
            pass


        class Client(Record):
            pass


        class ClientContext(Record):
            pass


        class LambdaContext:
            def __init__(self, headers):
                self.aws_request_id = headers["lambda-runtime-aws-request-id"]
                self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
                self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
                self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
                self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
                self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
                self.invoked_function_arn = headers["lambda-runtime-invoked-function-arn"]
                self.tenant_id = None
                self.identity = CognitoIdentity(["cognito_identity_id", "cognito_identity_pool_id"], None)
                self.client_context = client_context(headers.get("lambda-runtime-client-context"))
                self._deadline = int(headers["lambda-runtime-deadline-ms"])

            def get_remaining_time_in_millis(self):
                return max(0, self._deadline - int(time.time() * 1000))

            def log(self, message):
                sys.stdout.write(str(message))

            def __repr__(self):
                names = ["aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb",
                         "function_version", "invoked_function_arn", "client_context", "identity", "tenant_id"]
                members = ",".join(f"{name}={getattr(self, name)}" for name in names)
                return f"LambdaContext([{members}])"


        def client_context(text):
            if not text:
                return None
            try:
                values = json.loads(text)
            except Exception as error:
                raise Fault("Runtime.LambdaContextUnmarshalError", f"Unable to parse Client Context JSON: {error}")
            context = ClientContext(["custom", "env", "client"], values)
            if context.client is not None:
                names = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]
                context.client = Client(names, context.client)
            return context


        class RequestFilter(logging.Filter):
            request_id = ""

            def filter(self, record):
                record.aws_request_id = self.request_id
                return True


        class StandardOutput(logging.Handler):
            def emit(self, record):
                text = self.format(record)
                sys.stdout.write(text if text.endswith("\n") else text + "\n")


        def prepare_logging():
            request = RequestFilter()
            handler = StandardOutput()
            formatter = logging.Formatter(
                "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S")
            formatter.converter = time.gmtime
            handler.setFormatter(formatter)
            handler.addFilter(request)
            logging.getLogger().addHandler(handler)
            return request


        def find_handler(name):
            module_name, dot, function = name.rpartition(".")
            if not dot:
                raise Fault("Runtime.MalformedHandlerName",
                            f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)")
            if module_name.split(".")[0] in sys.builtin_module_names:
                raise Fault("Runtime.BuiltInModuleConflict",
                            f"Cannot use built-in module {module_name} as a handler module")
            try:
                module = importlib.import_module(module_name.replace("/", "."))
            except ImportError as error:
                raise Fault("Runtime.ImportModuleError",
                            f"Unable to import module '{module_name}': {error}{missing_sdk(error)}")
            except SyntaxError as error:
                place = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
                raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", [place])
            try:
                return getattr(module, function)
            except AttributeError:
                raise Fault("Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module_name}'")


        def missing_sdk(error):
            if getattr(error, "name", None) not in ("boto3", "botocore"):
                return ""
            return (f". AWS's runtime brings it along, this machine's {sys.executable} does not have it: run"
                    f" '{sys.executable} -m pip install boto3', or set TRAINYARD_PYTHON to a Python that has it")


        def encode(value):
            if isinstance(value, bytes):
                return value
            try:
                return Encoder(ensure_ascii=False).encode(value).encode("utf-8", "surrogatepass")
            except Exception as error:
                raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}")


        class Encoder(json.JSONEncoder):
            def default(self, value):
                if type(value).__name__ == "Decimal":
                    return int(value) if value == value.to_integral_value() else float(value)
                return super().default(value)


        def failure(error, request_id):
            if isinstance(error, Fault):
                kind, trace = error.kind, error.trace
            else:
                frames = traceback.extract_tb(error.__traceback__)
                while frames and frames[0].filename in (__file__, "<frozen importlib._bootstrap>"):
                    frames = frames[1:]
                kind, trace = type(error).__name__, traceback.format_list(frames)
            result = {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}
            lines = [f"[ERROR] {kind}: {error}" if str(error) else f"[ERROR] {kind}", "Traceback (most recent call last):"]
            lines += [line.replace(" ", "\u00a0", len(line) - len(line.lstrip(" "))) for entry in trace
                      for line in entry.splitlines()]
            sys.stdout.write("\r".join(line.replace("\n", "\r") for line in lines) + "\n")
            return json.dumps(result).encode(), f"Lambda-Runtime-Function-Error-Type: {kind}\r\n"


        def end_of_output():
            for stream in (sys.stdout, sys.stderr):
                try:
                    stream.flush()
                except Exception:
                    pass
            os.write(1, EVENT_END.encode())


        def serve(api, handler, request):
            while True:
                _, headers, body = api.exchange("GET", "/invocation/next")
                request_id = headers["lambda-runtime-aws-request-id"]
                request.request_id = request_id
                os.environ["_X_AMZN_TRACE_ID"] = headers.get("lambda-runtime-trace-id", "")
                outcome, extra = "response", "Content-Type: application/json\r\n"
                try:
                    context = LambdaContext(headers)
                    try:
                        event = json.loads(body)
                    except Exception as error:
                        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}")
                    answer = encode(handler(event, context))
                except Exception as error:
                    outcome = "error"
                    answer, extra = failure(error, request_id)
                end_of_output()
                api.exchange("POST", f"/invocation/{request_id}/{outcome}", answer, extra)


        def main():
            sys.path[0] = TASK_ROOT
            sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
            api = RuntimeAPI(os.environ["AWS_LAMBDA_RUNTIME_API"])
            request = prepare_logging()
            try:
                handler = find_handler(os.environ["_HANDLER"])
            except Exception as error:
                answer, extra = failure(error, "")
                end_of_output()
                api.exchange("POST", "/init/error", answer, extra)
                sys.exit(1)
            serve(api, handler, request)


        if __name__ == "__main__":
            main()

        """#
}
