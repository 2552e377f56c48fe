"""What customers are told, by locale: files an admin edits, read whole and checked before anything is said."""
