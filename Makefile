# oms_state: a PGXS extension.  make, make install, make uninstall and make installcheck
# behave as everywhere, with PG_CONFIG and DESTDIR.  The targets at the end (demo, test,
# soak, bench) do all of their own set-up and never use what is built here.

EXTENSION = oms_state
EXTVERSION := $(shell sed -n "s/^default_version *= *'\([^']*\)'.*/\1/p" oms_state.control)

MODULE_big = oms_state
OBJS := $(patsubst %.c,%.o,$(sort $(wildcard src/*.c)))
HEADERS := $(wildcard src/oms_state.h)

# The install script is its parts, concatenated in the order of sql/parts.list.
SQL_PARTS := $(addprefix sql/,$(notdir $(shell sed 's/\#.*//' sql/parts.list 2>/dev/null)))
SQL_SCRIPT = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA_built = $(SQL_SCRIPT)
DATA := $(wildcard sql/$(EXTENSION)--*--*.sql)

REGRESS := $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test --encoding=UTF8 --no-locale --load-extension=$(EXTENSION)
ISOLATION := $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --encoding=UTF8 --no-locale --load-extension=$(EXTENSION)
PROVE_TESTS := $(sort $(wildcard test/t/*.pl))
TAP_TESTS := $(if $(PROVE_TESTS),1)

# -Wno-unused-parameter and -Wno-sign-compare: the server's own headers trip over them.
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers

# make OMS_TEST_BUILD=1: warnings are errors, our assertions live (the server's stay off).
# Run `make clean` between the two kinds of build; scripts/ builds each in a copy of its own.
ifdef OMS_TEST_BUILD
PG_CFLAGS += -Werror -DUSE_ASSERT_CHECKING
endif

EXTRA_CLEAN = stage sql/$(EXTENSION)--$(EXTVERSION).sql.tmp

PG_CONFIG ?= pg_config
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))

ifneq ($(PGXS),)
include $(PGXS)
PROVE_FLAGS += -I '$(CURDIR)/test/lib'
else
all install uninstall installcheck clean:
	@echo "$(PG_CONFIG) --pgxs names no PGXS: install postgresql-server-dev-15, or set PG_CONFIG" >&2; exit 1
endif

$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*.h) oms_state.control

$(SQL_SCRIPT): sql/parts.list $(SQL_PARTS) oms_state.control
	cat $(SQL_PARTS) > $@.tmp
	mv $@.tmp $@

.PHONY: demo demo-stop test soak bench

demo:
	@scripts/demo.sh start

demo-stop:
	@scripts/demo.sh stop

test:
	@scripts/test.sh

soak:
	@OMS_SOAK=1 scripts/test.sh

bench:
	@scripts/bench.sh
