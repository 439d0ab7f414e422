"""From a broad topic to an audited paper."""
