"""Events of second factors. None of them contains a secret, a code or a key."""

from tca_app.core.events.log import NOTIFYING, Event
from tca_app.core.language.messages import N_


class _FactorEvent(Event):
    """`subject` is the user whose factor it is."""

    subject_type = "user"


class FactorAdded(_FactorEvent):
    """`kind` is "authenticator app" or "passkey", `name` is what the user calls it."""

    type = "factor_added"
    title = N_("{actor} added the {kind} {name} to the account of {subject}")
    own_title = N_("{actor} added the {kind} {name} to their account")
    consumers = NOTIFYING

    kind: str
    name: str


class FactorRemoved(_FactorEvent):
    type = "factor_removed"
    title = N_("{actor} removed the {kind} {name} from the account of {subject}")
    own_title = N_("{actor} removed the {kind} {name} from their account")
    consumers = NOTIFYING

    kind: str
    name: str


class FactorRenamed(_FactorEvent):
    type = "factor_renamed"
    title = N_("{actor} renamed a second factor of {subject} to {name}")
    own_title = N_("{actor} renamed a second factor of theirs to {name}")

    kind: str
    name: str


class RecoveryCodesRenewed(_FactorEvent):
    type = "recovery_codes_renewed"
    title = N_("{actor} generated new recovery codes for the account of {subject}")
    own_title = N_("{actor} generated new recovery codes")
    consumers = NOTIFYING


class RecoveryCodeUsed(_FactorEvent):
    """`left` is how many unused codes remain."""

    type = "recovery_code_used"
    title = N_("{actor} used a recovery code of {subject}; {left} left")
    own_title = N_("{actor} used a recovery code; {left} left")
    consumers = NOTIFYING

    left: int


class FactorsReset(_FactorEvent):
    type = "factors_reset"
    title = N_("{actor} reset two-factor authentication of {subject}")
    consumers = NOTIFYING


class PasskeyRefused(_FactorEvent):
    """Its sign count fell: someone may have a copy of it."""

    type = "passkey_refused"
    title = N_("The passkey {name} of {subject} was refused, because it may have been copied")
    consumers = NOTIFYING

    name: str


class SecondFactorFailed(_FactorEvent):
    """Someone who knows the password gave a wrong code or passkey."""

    type = "second_factor_failed"
    title = N_("Failed second factor for {subject}")

    device: str
