//! (opening lines follow with the first code)
