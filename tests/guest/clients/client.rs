// One trace, from Rust.
use std::arch::asm;
use std::fs::OpenOptions;
use std::os::fd::AsRawFd;
use std::ptr::{read_volatile, write_volatile};

unsafe fn syscall(number: u64, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> i64 {
    let result: i64;
    asm!("syscall", inlateout("rax") number as i64 => result, in("rdi") a, in("rsi") b,
         in("rdx") c, in("r10") d, in("r8") e, in("r9") f, out("rcx") _, out("r11") _);
    result
}

fn main() {
    let device = OpenOptions::new().read(true).write(true).open("/sys/kernel/debug/kcov").unwrap();
    let fd = device.as_raw_fd() as u64;
    unsafe {
        println!("init {}", syscall(16, fd, 0x80086301, 512, 0, 0, 0));
        println!("init again {}", syscall(16, fd, 0x80086301, 512, 0, 0, 0));
        let area = syscall(9, 0, 4096, 3, 1, fd, 0) as *mut u64;
        println!("enable {}", syscall(16, fd, 0x6364, 0, 0, 0, 0));
        write_volatile(area, 0);
        syscall(39, 0, 0, 0, 0, 0, 0);
        println!("records {}", read_volatile(area));
        let other = std::thread::spawn(move || syscall(16, fd, 0x6365, 0, 0, 0, 0)).join().unwrap();
        println!("disable elsewhere {}", other);
        println!("disable {}", syscall(16, fd, 0x6365, 0, 0, 0, 0));
    }
}
