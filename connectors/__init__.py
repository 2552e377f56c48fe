"""One place per vendor, all we know about it; and the contract they keep."""
