"""The extensions, created unbound; `create_app` binds them."""

from typing import TYPE_CHECKING, cast

from flask_caching import Cache
from flask_jwt_extended import JWTManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from app.core.rate_fallback import SteadyLimiter
from app.core.rate_keys import actor_or_address
from app.core.versioned_cache import VersionedRedisCache


class Base(DeclarativeBase):
    """The declarative base; constraint names are fixed so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base, session_options={"join_transaction_mode": "create_savepoint"}, disable_autonaming=True)
migrate = Migrate()
cache = Cache()
jwt = JWTManager()
limiter = SteadyLimiter(actor_or_address)


def job_cache() -> VersionedRedisCache:
    """The backend behind Flask-Caching, with the methods that keep it coherent."""
    return cast(VersionedRedisCache, cache.cache)


if TYPE_CHECKING:
    # mypy cannot follow the class that Flask-SQLAlchemy builds at run time; it is this one with a query shortcut.
    Model = Base
else:
    Model = db.Model
