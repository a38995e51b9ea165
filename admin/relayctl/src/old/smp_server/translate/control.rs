//! The control port, which is in `[TRANSPORT]` with its passwords in `[AUTH]`.

use super::Config;
use super::accepted::takes;
use super::reader::{Reader, Refused};

pub(super) fn translate(reader: &mut Reader<'_>, config: &mut Config) -> Result<(), Refused> {
    let port = reader.number::<u16>("TRANSPORT", "control_port")?;
    let admin = reader.text("AUTH", "control_port_admin_password");
    let user = reader.text("AUTH", "control_port_user_password");
    let Some(port) = port else {
        return Ok(());
    };
    let listen = format!("127.0.0.1:{port}");
    let passwords = [
        ("control.admin_password", admin),
        ("control.user_password", user),
    ];
    let passwords = passwords
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)));
    let keys: Vec<_> = [("control.listen", listen.as_str())]
        .into_iter()
        .chain(passwords)
        .collect();
    if takes(&keys) {
        for (key, value) in keys {
            config.put(&format!("smp.{key}"), value);
        }
    } else {
        let why = "needs control_port_admin_password or control_port_user_password in [AUTH], in printable ASCII without spaces; it is left off";
        reader.drop("TRANSPORT", "control_port", why);
    }
    Ok(())
}
