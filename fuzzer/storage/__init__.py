"""Where bytes lie: local folders, remote addresses, leases."""
