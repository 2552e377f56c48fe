"""Keys, signatures, secrets at rest, and the guard on calls to addresses others gave us."""
