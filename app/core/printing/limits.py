"""What the process that renders a document may take."""

import resource

GIBIBYTE = 1 << 30


def limit_process(max_bytes: int = 2 * GIBIBYTE) -> None:
    """Cap this process's address space (RLIMIT_AS), so that a runaway layout ends in a MemoryError and not in the machine's swap.

    For a press, at its start; never for a process that does other work as well. An existing lower limit
    stays. The limit cannot be raised again by the process itself.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    ceiling = max_bytes if hard == resource.RLIM_INFINITY else min(max_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
