"""From blocks to shards: a run, its manifest, card and ranges."""
