"""The rows of accounts and sessions."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from server.database.rows import Row
from server.kernel.access import Role
from server.kernel.ids import AccountId, CabinId, HealthWorkerId, PractitionerId, SiteId


class Account(Row):
    """A person or a cabin that may sign in. The password is an argon2id string, never anything else."""

    __tablename__ = "account"

    id: Mapped[AccountId] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(40), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role]
    name: Mapped[str] = mapped_column(String(120))
    practitioner_id: Mapped[PractitionerId | None]
    health_worker_id: Mapped[HealthWorkerId | None]
    cabin_id: Mapped[CabinId | None]
    site_id: Mapped[SiteId | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    hides_address: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether this person's calls go over the relay alone."""


class SessionRow(Row):
    """A signed-in browser. Only the SHA-256 of its token is kept."""

    __tablename__ = "session"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId] = mapped_column(ForeignKey("account.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(43))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
