"""The honest number and its family, and the books that must balance."""
