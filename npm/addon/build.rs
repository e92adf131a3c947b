//! Tells the linker that what Node provides is found when Node loads the addon.

fn main() {
    napi_build::setup();
}
