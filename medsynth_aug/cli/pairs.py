"""CLASS=LESION as people write it on a command line."""

from medsynth_aug.errors import SettingError


def class_and_lesion(text: str) -> tuple[str, str]:
    """Class and lesion of an option `--lesion CLASS=LESION`.

    Raises:
        SettingError: If the text has another form.
    """
    name, sign, lesion = text.partition("=")
    if not (name and sign and lesion):
        raise SettingError(f"--lesion is {text!r}; write CLASS=LESION, for example --lesion 3=pneumothorax")
    return name, lesion
