"""Why a robot stops: the server said no, or there is none."""

from server.kernel.errors import ClinicError


class Refused(ClinicError):
    """A robot may not, or cannot, go on. `code` is the server's own, when it gave one."""

    code = "refused"
