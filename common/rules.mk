# How our programs beside the extension are compiled. Included by the Makefile of each, and by that of common/ itself.
#
# SANITIZE=1 builds in build-san/, under ASan and UBSan, SANITIZE=thread in build-tsan/, under TSan; a program's name then ends with $(SUFFIX).
# COMMON is where this folder is, seen from the Makefile that includes this.

COMMON ?= .
PKG_CONFIG ?= pkg-config
COMMON_LIBRARIES = libpq libmicrohttpd libsystemd

CFLAGS ?= -O2 -g
WARNINGS = -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow=compatible-local -Wvla -Wformat=2
LANGUAGE = -std=gnu11 -pthread
HARDENING = -fstack-protector-strong -D_FORTIFY_SOURCE=2

ifeq ($(SANITIZE),thread)
BUILD = build-tsan
SUFFIX = -tsan
MODE = -O1 -g -fno-omit-frame-pointer -fsanitize=thread
else ifdef SANITIZE
BUILD = build-san
SUFFIX = -san
MODE = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
else
BUILD = build
SUFFIX =
MODE = $(CFLAGS) $(HARDENING)
endif

ifneq ($(COMMON),.)
# The archive, made where it is when something in it changed.
LIBCOMMON = $(COMMON)/$(BUILD)/libcommon.a

$(LIBCOMMON): $(wildcard $(COMMON)/*.[ch] $(COMMON)/Makefile $(COMMON)/rules.mk)
	$(MAKE) -C $(COMMON) SANITIZE=$(SANITIZE)
	@touch $@
endif
