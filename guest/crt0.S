/* crt0: where a program starts, on the machine and under Linux (qemu-riscv64).
 *
 * The machine enters with sp at the image's start, a0 and a1 the input, a2 and a3 the output, other
 * registers 0. Linux enters with a0 = 0 and a stack of its own, on which infinity_linux_map makes
 * the machine's address space; then both go the same way.
 */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    la      tp, __tls_base
    beqz    a0, on_linux
    li      a4, 0
    call    infinity_start
on_linux:
    call    infinity_linux_map
    mv      a1, a0              /* the input's length */
    li      a0, 0xc0000000
    li      a2, 0xb0000000
    li      a3, 0x00100000
    li      a4, 1
    la      sp, __image_lo
    call    infinity_start
    .size _start, . - _start

/* The note that tells the machine where RAM ends. */
    .section .note.infinity, "a", @note
    .balign 4
    .word   9, 8, 1
    .asciz  "Infinity"
    .balign 4
    .quad   __ram_end
