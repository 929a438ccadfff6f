"""How an object in a cloud becomes a row: one function per kind, from the service's JSON to columns.

Whatever reads a cloud uses them: a workflow that has just made the object, a pull, the periodic sync.
"""
