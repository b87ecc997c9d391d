"""What every other room stands on: errors, versions, schemas, options."""
