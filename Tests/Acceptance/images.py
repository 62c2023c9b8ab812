"""Container images made from nothing: OCI layouts as `skopeo` reads them."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer_of(files):
    """A layer's tar with those files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


class Layout:
    """An OCI layout: <https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md>."""

    def __init__(self, directory):
        self.directory = Path(directory)
        (self.directory / "blobs/sha256").mkdir(parents=True)
        (self.directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def blob(self, data):
        (self.directory / "blobs/sha256" / digest_of(data)[7:]).write_bytes(data)
        return {"digest": digest_of(data), "size": len(data)}

    def image(self, contents, architecture="amd64"):
        tars = [layer_of({f"file-{n}": data}) for n, data in enumerate(contents)]
        layers = [self.blob(gzip.compress(tar, compresslevel=1, mtime=0)) for tar in tars]
        config = self.blob(json.dumps({
            "architecture": architecture, "os": "linux", "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]}}).encode())
        return {"mediaType": OCI_MANIFEST, **self.blob(json.dumps({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": {"mediaType": OCI_CONFIG, **config},
            "layers": [{"mediaType": OCI_LAYER, **layer} for layer in layers]}).encode())}

    def name(self, descriptor, tag):
        index = {"schemaVersion": 2, "manifests": [
            {**descriptor, "annotations": {"org.opencontainers.image.ref.name": tag}}]}
        (self.directory / "index.json").write_text(json.dumps(index))
        return self.directory


def image_layout(directory, contents, tag="v1"):
    """One image whose layers hold those contents, a file each."""
    layout = Layout(directory)
    return layout.name(layout.image(contents), tag)


def index_layout(directory, architectures, tag="v1"):
    """An image for several platforms."""
    layout = Layout(directory)
    images = [{**layout.image([architecture.encode()], architecture),
               "platform": {"architecture": architecture, "os": "linux"}} for architecture in architectures]
    index = layout.blob(json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": images}).encode())
    return layout.name({"mediaType": OCI_INDEX, **index}, tag)
