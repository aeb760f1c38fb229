"""Teachers: adapters that answer a request, and wrappers that add behaviour to one."""
