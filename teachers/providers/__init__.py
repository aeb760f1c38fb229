"""The providers: a file each, which declares what others ask of it. Importing one loads no SDK."""
