; Orchard: apples fall, a basket catches them. START begins; left and right move, A hurries.
; A red apple is a point, a golden one (1 in 8) five; each makes the next fall faster. Three that
; reach the ground end the game. Where and what falls next hangs on DIV.

SCORE   equ $C000       ; two bytes of BCD, the high one first
LIVES   equ $C002
SCREEN  equ $C003       ; 0 the title, 1 playing, 2 over
BASKET  equ $C004       ; left edge, pixels, 0 to 144
FRAMES  equ $C005
RANDOM  equ $C006       ; two bytes
HELD    equ $C008       ; bits 0 to 3 A B select start, 4 to 7 right left up down; 1 is held
PRESSED equ $C009       ; those that were not held before
WAIT    equ $C00A       ; frames until the next apple
SPEED   equ $C00B       ; of falling, 1/256 pixels a frame, the low byte first
READY   equ $C00D       ; 1: a new frame has begun
APPLES  equ $C010       ; three of: kind (0 none 1 red 2 golden), x, 1/256 pixels, y
APPLE_SIZE equ 4
SPRITES equ $C100       ; what goes to OAM

P1      equ $FF00
DIV     equ $FF04
IF      equ $FF0F
LCDC    equ $FF40
SCY     equ $FF42
SCX     equ $FF43
LY      equ $FF44
DMA     equ $FF46
BGP     equ $FF47
OBP0    equ $FF48
OBP1    equ $FF49
WY      equ $FF4A
WX      equ $FF4B
IE      equ $FFFF
TRANSFER equ $FF80      ; the routine that copies SPRITES to OAM
TILES   equ $8000
MAP     equ $9800
PANEL   equ $9C00       ; the window's map
ROW     equ 32

LCD_ON  equ %11110011   ; window and background from TILES on, sprites 8x8
TILE_GRASS  equ 1
TILE_LEAVES equ 2
TILE_APPLE  equ 3
TILE_BASKET equ 4       ; its left half
BASKET_Y equ 120
BASKET_MAX equ 144
CATCH_TOP equ 114       ; an apple is caught from here
CATCH_END equ 122       ; and no longer from here
GROUND  equ 128
FIRST_SPEED equ $0100
SPEED_STEP equ 8
TOP_SPEED equ 3         ; its high byte

        header "ORCHARD"

        org $40
        jp vblank

        org $100
        nop
        jp start

        org $150
start:
        di
        ld sp, $E000
        call lcd_off
        ld hl, $C000
        ld bc, $200
        call clear
        ld hl, $FE00
        ld bc, $A0
        call clear
        ld hl, TILES
        ld bc, $2000
        call clear
        call load_tiles
        call load_font
        ld hl, TRANSFER
        ld de, transfer
        ld bc, transfer.end - transfer
        call copy
        xor a
        ldh (SCX), a
        ldh (SCY), a
        ldh (IF), a
        ld a, %11100100
        ldh (BGP), a
        ldh (OBP0), a
        ld a, %10010000
        ldh (OBP1), a
        ld a, 136
        ldh (WY), a
        ld a, 7
        ldh (WX), a
        ld a, 1
        ldh (IE), a
        call draw_field
        ld hl, MAP + 5*ROW + 6
        ld de, text_title
        call print
        call draw_prompt
        ld a, LCD_ON
        ldh (LCDC), a
        ei

main:
        halt
        nop
        ld hl, READY
        ld a, (hl)
        and a
        jr z, main
        ld (hl), 0
        ld hl, FRAMES
        inc (hl)
        call read_pad
        ld a, (SCREEN)
        cp 1
        jr z, .playing
        ld a, (PRESSED)
        bit 3, a
        call nz, new_game
        jr main
.playing:
        call move_basket
        call drop
        call move_apples
        call draw_sprites
        jr main

; Once a frame, while nothing is drawn.
vblank:
        push af
        push hl
        call TRANSFER
        ld a, (SCORE)
        ld hl, PANEL + 6
        call print_digits
        ld a, (SCORE + 1)
        call print_digits
        ld a, (LIVES)
        add a, '0'
        ld (PANEL + 18), a
        ld a, 1
        ld (READY), a
        pop hl
        pop af
        reti

; A's two BCD digits to (hl+).
print_digits:
        push af
        swap a
        call .one
        pop af
.one:
        and $0F
        add a, '0'
        ld (hl+), a
        ret

transfer:                       ; runs in high memory, the only one to be reached meanwhile
        ld a, high(SPRITES)
        ldh (DMA), a
        ld a, 40
.wait:  dec a
        jr nz, .wait
        ret
.end:

; Held and newly pressed buttons.
read_pad:
        ld a, $20
        ldh (P1), a
        ldh a, (P1)
        ldh a, (P1)
        cpl
        and $0F
        swap a
        ld b, a
        ld a, $10
        ldh (P1), a
        ldh a, (P1)
        ldh a, (P1)
        ldh a, (P1)
        ldh a, (P1)
        cpl
        and $0F
        or b
        ld b, a
        ld a, $30
        ldh (P1), a
        ld hl, HELD
        ld a, (hl)
        cpl
        and b
        ld (PRESSED), a
        ld (hl), b
        ret

new_game:
        call lcd_off
        ld hl, SCORE
        xor a
        ld (hl+), a
        ld (hl+), a
        ld (hl), 3              ; LIVES
        inc a
        ld (SCREEN), a
        ld a, BASKET_MAX / 2
        ld (BASKET), a
        ld a, low(FIRST_SPEED)
        ld (SPEED), a
        ld a, high(FIRST_SPEED)
        ld (SPEED + 1), a
        ld a, 30
        ld (WAIT), a
        ld hl, APPLES
        ld bc, 3*APPLE_SIZE
        call clear
        call draw_field
        call draw_sprites
        ld a, LCD_ON
        ldh (LCDC), a
        ret

game_over:
        ld a, 2
        ld (SCREEN), a
        call lcd_off
        ld hl, MAP + 7*ROW + 5
        ld de, text_over
        call print
        call draw_prompt
        ld a, LCD_ON
        ldh (LCDC), a
        ret

move_basket:
        ld b, 2
        ld a, (HELD)
        ld c, a
        bit 0, c
        jr z, .walking
        inc b
.walking:
        ld hl, BASKET
        bit 4, c
        jr z, .not_right
        ld a, (hl)
        add a, b
        cp BASKET_MAX + 1
        jr c, .to_right
        ld a, BASKET_MAX
.to_right:
        ld (hl), a
.not_right:
        bit 5, c
        ret z
        ld a, (hl)
        sub b
        jr nc, .to_left
        xor a
.to_left:
        ld (hl), a
        ret

; Lets go of an apple when it is time and there are fewer than three.
drop:
        ld hl, WAIT
        dec (hl)
        ret nz
        ld a, (SPEED + 1)
        swap a                  ; 16 frames sooner with every pixel of speed
        ld b, a
        ld a, 100
        sub b
        ld (hl), a
        ld hl, APPLES
        ld b, 3
.find:
        ld a, (hl)
        and a
        jr z, .found
        ld de, APPLE_SIZE
        add hl, de
        dec b
        jr nz, .find
        ret
.found:
        push hl
        call random
        pop hl
        and 7
        ld a, 1
        jr nz, .red
        inc a
.red:
        ld (hl+), a
        push hl
        call random
        pop hl
        and 127
        add a, 12
        ld (hl+), a
        xor a
        ld (hl+), a
        ld (hl), 16
        ret

; A random byte in A; changes B and HL.
random:
        ld hl, RANDOM
        ld a, (hl)
        ld b, a
        add a, a
        add a, a
        add a, b
        add a, 17
        ld (hl+), a
        ld b, a
        ldh a, (DIV)
        xor b
        rrca
        add a, (hl)
        ld (hl), a
        ret

move_apples:
        ld de, APPLES
        ld c, 3
.next:
        ld a, (de)
        and a
        call nz, move_apple
        ld a, e
        add a, APPLE_SIZE
        ld e, a
        dec c
        jr nz, .next
        ret

; The apple at DE, which is one. Keeps C and DE.
move_apple:
        ld h, d
        ld l, e
        inc hl
        inc hl
        ld a, (SPEED)
        add a, (hl)
        ld (hl+), a
        ld a, (SPEED + 1)
        adc a, (hl)
        ld (hl), a
        cp GROUND
        jr nc, .missed
        cp CATCH_TOP
        ret c
        cp CATCH_END
        ret nc
        dec hl
        dec hl
        ld a, (BASKET)
        ld b, a
        ld a, (hl-)
        add a, 7
        sub b
        cp 23
        ret nc
        ld b, (hl)              ; caught
        ld (hl), 0
        ld a, 1
        dec b
        jr z, .count
        ld a, 5
.count:
        ld hl, SCORE + 1
        add a, (hl)
        daa
        ld (hl-), a
        ld a, (hl)
        adc a, 0
        daa
        ld (hl), a
        ld hl, SPEED + 1
        ld a, (hl)
        cp TOP_SPEED
        ret nc
        dec hl
        ld a, (hl)
        add a, SPEED_STEP
        ld (hl+), a
        ret nc
        inc (hl)
        ret
.missed:
        xor a
        ld (de), a
        ld hl, LIVES
        ld a, (hl)
        and a
        ret z
        dec (hl)
        ret nz
        push bc
        push de
        call game_over
        pop de
        pop bc
        ret

; The basket and the apples as sprites.
draw_sprites:
        ld hl, SPRITES
        ld a, (BASKET)
        add a, 8
        ld b, a
        ld a, BASKET_Y + 16
        ld (hl+), a
        ld a, b
        ld (hl+), a
        ld a, TILE_BASKET
        ld (hl+), a
        xor a
        ld (hl+), a
        ld a, BASKET_Y + 16
        ld (hl+), a
        ld a, b
        add a, 8
        ld (hl+), a
        ld a, TILE_BASKET
        ld (hl+), a
        ld a, $20               ; the other half is its mirror image
        ld (hl+), a
        ld de, APPLES
        ld c, 3
.apple:
        ld a, (de)
        and a
        jr z, .none
        push de
        ld b, 0
        dec a
        jr z, .color
        ld b, $10
.color:
        inc e
        ld a, (de)
        add a, 8
        inc e
        inc e
        push af
        ld a, (de)
        add a, 16
        ld (hl+), a
        pop af
        ld (hl+), a
        ld a, TILE_APPLE
        ld (hl+), a
        ld a, b
        ld (hl+), a
        pop de
        jr .done
.none:
        xor a
        ld (hl+), a
        ld (hl+), a
        ld (hl+), a
        ld (hl+), a
.done:
        ld a, e
        add a, APPLE_SIZE
        ld e, a
        dec c
        jr nz, .apple
        ret

; The maps; only while the LCD is off.
draw_field:
        ld hl, MAP
        ld bc, $400
        call clear
        ld hl, MAP
        ld b, 2*ROW
        ld a, TILE_LEAVES
        call fill
        ld hl, MAP + 16*ROW
        ld b, 2*ROW
        ld a, TILE_GRASS
        call fill
        ld hl, PANEL
        ld de, text_panel
        call print
        ret

draw_prompt:
        ld hl, MAP + 9*ROW + 4
        ld de, text_start
        jr print

; B bytes of A.
fill:
        ld (hl+), a
        dec b
        jr nz, fill
        ret

; The text at DE, up to a 0, as tiles: those of the font have their letters' numbers.
print:
        ld a, (de)
        and a
        ret z
        ld (hl+), a
        inc de
        jr print

; Waits until nothing is drawn, if it is on.
lcd_off:
        ldh a, (LCDC)
        bit 7, a
        ret z
.wait:
        ldh a, (LY)
        cp 145                  ; or later: the interrupt takes more than a line
        jr c, .wait
        xor a
        ldh (LCDC), a
        ret

; BC bytes of 0.
clear:
        xor a
        ld (hl+), a
        dec bc
        ld a, b
        or c
        jr nz, clear
        ret

; BC bytes from DE.
copy:
        ld a, (de)
        ld (hl+), a
        inc de
        dec bc
        ld a, b
        or c
        jr nz, copy
        ret

load_tiles:
        ld hl, TILES + 16
        ld de, pictures
        ld bc, pictures.end - pictures
        jr copy

; Letters are kept with one bit a pixel, and shown in the darkest shade.
load_font:
        ld de, font
.letter:
        ld a, (de)
        and a
        ret z
        inc de
        ld l, a                 ; TILES + 16 * letter
        ld h, high(TILES) / 16
        add hl, hl
        add hl, hl
        add hl, hl
        add hl, hl
        ld b, 8
.row:
        ld a, (de)
        inc de
        ld (hl+), a
        ld (hl+), a
        dec b
        jr nz, .row
        jr .letter

text_title: db "ORCHARD", 0
text_start: db "PRESS START", 0
text_over:  db "GAME OVER", 0
text_panel: db "SCORE 0000  LIVES 3", 0

pictures:                       ; two bits a pixel, tiles 1 to 4
        db $24, $00, $6D, $00, $FF, $00, $FF, $92, $FF, $FF, $DB, $FF, $FF, $FF, $B7, $FF
        db $66, $18, $DB, $66, $BD, $C3, $7E, $99, $E7, $3C, $DB, $66, $3C, $C3, $99, $66
        db $08, $08, $10, $10, $6C, $7C, $DE, $FE, $BE, $FE, $FE, $FE, $7C, $7C, $28, $28
        db $FF, $FF, $80, $FF, $7F, $7F, $55, $6A, $2A, $35, $35, $2A, $1F, $1F, $0F, $0F
.end:

font:
        db '0', $3C, $66, $6E, $76, $66, $66, $3C, $00
        db '1', $18, $38, $18, $18, $18, $18, $7E, $00
        db '2', $3C, $66, $06, $1C, $30, $60, $7E, $00
        db '3', $3C, $66, $06, $1C, $06, $66, $3C, $00
        db '4', $0C, $1C, $2C, $4C, $7E, $0C, $0C, $00
        db '5', $7E, $60, $7C, $06, $06, $66, $3C, $00
        db '6', $1C, $30, $60, $7C, $66, $66, $3C, $00
        db '7', $7E, $06, $0C, $18, $30, $30, $30, $00
        db '8', $3C, $66, $66, $3C, $66, $66, $3C, $00
        db '9', $3C, $66, $66, $3E, $06, $0C, $38, $00
        db 'A', $18, $3C, $66, $66, $7E, $66, $66, $00
        db 'C', $3C, $66, $60, $60, $60, $66, $3C, $00
        db 'D', $78, $6C, $66, $66, $66, $6C, $78, $00
        db 'E', $7E, $60, $60, $7C, $60, $60, $7E, $00
        db 'G', $3C, $66, $60, $6E, $66, $66, $3E, $00
        db 'H', $66, $66, $66, $7E, $66, $66, $66, $00
        db 'I', $3C, $18, $18, $18, $18, $18, $3C, $00
        db 'L', $60, $60, $60, $60, $60, $60, $7E, $00
        db 'M', $42, $66, $7E, $7E, $66, $66, $66, $00
        db 'O', $3C, $66, $66, $66, $66, $66, $3C, $00
        db 'P', $7C, $66, $66, $7C, $60, $60, $60, $00
        db 'R', $7C, $66, $66, $7C, $6C, $66, $66, $00
        db 'S', $3E, $60, $60, $3C, $06, $06, $7C, $00
        db 'T', $7E, $18, $18, $18, $18, $18, $18, $00
        db 'V', $66, $66, $66, $66, $66, $3C, $18, $00
        db 0
