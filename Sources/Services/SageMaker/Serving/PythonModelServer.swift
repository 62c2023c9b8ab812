/// Serves a Python program's `model_fn`, `input_fn`, `predict_fn` and `output_fn` (or `transform_fn`) over HTTP: the
/// counterpart of AWS's sagemaker-inference toolkit in its framework images, several models included.
///
/// <https://sagemaker.readthedocs.io/en/stable/frameworks/pytorch/using_pytorch.html#serve-a-pytorch-model>.
/// Python 3.8 and later, of nothing but its standard library; numpy is used where it is there.
enum PythonModelServer {
    static let fileName = "trainyard_model_server.py"

    static let source = #"""
        import importlib.util
        import inspect
        import json
        import os
        import sys
        import threading
        import traceback
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        from urllib.parse import unquote

        MODEL = "/opt/ml/model"
        if os.environ.get("TRAINYARD_MODEL_DIR"):
            MODEL = os.environ["TRAINYARD_MODEL_DIR"]


        class Refused(Exception):
            def __init__(self, status, message):
                super().__init__(message)
                self.status = status


        def numpy():
            try:
                import numpy
                return numpy
            except ImportError:
                return None


        def decode(body, content_type):
            kind = (content_type or "").split(";")[0].strip().lower()
            array = numpy()
            if kind == "application/json":
                value = json.loads(body)
                return array.array(value) if array else value
            if kind == "text/csv":
                text = body.decode()
                if array:
                    import io
                    return array.genfromtxt(io.StringIO(text), dtype=array.float32, delimiter=",")
                return [[float(cell) for cell in line.split(",")] for line in text.splitlines() if line]
            if kind == "application/x-npy" and array:
                import io
                return array.load(io.BytesIO(body), allow_pickle=False)
            raise Refused(415, f"Unsupported content type: {content_type}")


        def listed(value):
            return value.tolist() if hasattr(value, "tolist") else value


        def encode(value, accept):
            for kind in (accept or "application/json").split(","):
                kind = kind.split(";")[0].strip().lower()
                if kind in ("application/json", "*/*", ""):
                    return json.dumps(listed(value), default=listed), "application/json"
                if kind == "text/csv":
                    value = listed(value)
                    rows = value if isinstance(value, list) else [value]
                    lines = [",".join(map(str, row)) if isinstance(row, list) else str(row) for row in rows]
                    return "\n".join(lines) + "\n", "text/csv"
                if kind == "application/x-npy" and numpy():
                    import io
                    buffer = io.BytesIO()
                    numpy().save(buffer, value)
                    return buffer.getvalue(), "application/x-npy"
            raise Refused(406, f"Unsupported accept type: {accept}")


        def call(function, *arguments):
            """Newer programs take a context as one argument more."""
            try:
                count = len([p for p in inspect.signature(function).parameters.values()
                             if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty])
            except (TypeError, ValueError):
                count = len(arguments)
            if count == len(arguments) + 1:
                arguments += (None,)
            return function(*arguments)


        class Model:
            def __init__(self, directory, code, program):
                self.module = self.load(code, program)
                find = lambda name, usual: getattr(self.module, name, usual)
                if not hasattr(self.module, "model_fn"):
                    raise Refused(500, f"{program} has no model_fn: define model_fn(model_dir), which loads the model")
                self.transform = find("transform_fn", None)
                self.input, self.output = find("input_fn", decode), find("output_fn", encode)
                self.predict = find("predict_fn", lambda data, model: model(data))
                self.model = call(self.module.model_fn, directory)

            @staticmethod
            def load(code, program):
                path = os.path.join(code, program)
                if not os.path.exists(path):
                    raise Refused(500, f"There is no {path}: put {program} into the model.tar.gz below code/")
                if code not in sys.path:
                    sys.path.insert(0, code)
                name = os.path.splitext(os.path.basename(program))[0]
                specification = importlib.util.spec_from_file_location(name, path)
                module = importlib.util.module_from_spec(specification)
                sys.modules[name] = module
                specification.loader.exec_module(module)
                return module

            def answer(self, body, content_type, accept):
                text = content_type and ("json" in content_type or content_type.startswith("text/"))
                given = body.decode() if text and self.input is not decode else body
                if self.transform:
                    result = call(self.transform, self.model, body.decode() if text else body, content_type, accept)
                else:
                    data = call(self.input, given, content_type)
                    result = call(self.output, call(self.predict, data, self.model), accept)
                kind = None
                if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], (str, type(None))):
                    result, kind = result
                return result, kind or first(accept) or "application/json"


        def first(accept):
            kind = (accept or "").split(",")[0].split(";")[0].strip()
            return None if kind in ("", "*/*") else kind


        def as_bytes(value):
            if isinstance(value, (bytes, bytearray, memoryview)):
                return bytes(value)
            return value.encode() if isinstance(value, str) else json.dumps(listed(value), default=listed).encode()


        CODE, PROGRAM = os.environ["SAGEMAKER_SUBMIT_DIRECTORY"], os.environ["SAGEMAKER_PROGRAM"]
        MULTI = os.environ.get("SAGEMAKER_MULTI_MODEL") == "true"
        WORKERS = threading.BoundedSemaphore(max(1, int(os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS") or 1)))
        models, places = {}, {}


        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *arguments):
                pass

            def do_GET(self):
                if self.path == "/ping":
                    return self.send(200 if MULTI or None in models else 500, b"\n")
                if MULTI and self.path.split("?")[0] == "/models":
                    listing = [{"modelName": name, "modelUrl": places[name]} for name in models]
                    return self.send(200, json.dumps({"models": listing}).encode(), "application/json")
                self.send(404, b"Not found")

            def do_DELETE(self):
                self.read()
                name = unquote(self.path.split("/")[-1])
                if models.pop(name, None) is None:
                    return self.send(404, b"The model is not loaded")
                self.send(200, b"")

            def do_POST(self):
                body = self.read()
                try:
                    if MULTI and self.path == "/models":
                        return self.load(json.loads(body))
                    self.invoke(body)
                except Refused as error:
                    self.send(error.status, str(error).encode())
                except Exception as error:
                    traceback.print_exc()
                    self.send(500, str(error).encode())

            def load(self, wanted):
                name, url = wanted["model_name"], wanted["url"]
                if name in models:
                    return self.send(409, b"The model is loaded already")
                code = os.path.join(url, "code")
                models[name] = Model(url, code if os.path.isdir(code) else CODE, PROGRAM)
                places[name] = url
                self.send(200, b"")

            def invoke(self, body):
                parts = self.path.split("/")
                name = unquote(parts[2]) if MULTI and len(parts) > 3 else None
                if name is None and self.path != "/invocations" or name not in models:
                    return self.send(404, b"Not found")
                with WORKERS:
                    result, kind = models[name].answer(body, self.headers.get("Content-Type"), self.headers.get("Accept"))
                    if inspect.isgenerator(result):
                        return self.stream(result, kind)
                self.send(200, as_bytes(result), kind)

            def stream(self, parts, kind):
                self.send_response_only(200)
                self.send_header("Content-Type", kind)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for part in parts:
                    part = as_bytes(part)
                    if part:
                        self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
                        self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")

            def read(self):
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))

            def send(self, status, body, kind="text/plain"):
                self.send_response_only(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)


        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024


        def main():
            server = Server((os.environ.get("SAGEMAKER_BIND_TO_HOST", "127.0.0.1"),
                             int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler)
            if not MULTI:
                try:
                    models[None] = Model(MODEL, CODE, PROGRAM)
                except Refused as error:
                    print(error, flush=True)
                    sys.exit(1)
            server.serve_forever()


        if __name__ == "__main__":
            main()

        """#
}
