"""Development secrets: generated once and stored in a file."""

import json
import os
import secrets
from pathlib import Path


def development_secrets(data_dir: Path) -> dict[str, str]:
    """Return two random keys from `DATA_DIR/secrets.json` (mode 0600), so that a restart signs nobody out.

    Raises OSError.
    """
    path = data_dir / "secrets.json"
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = {name: secrets.token_urlsafe(48) for name in ("secret_key", "jwt_secret_key")}
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(fresh))
    try:
        os.link(draft, path)  # atomic, and fails if another process was first
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return dict(json.loads(path.read_text()))
