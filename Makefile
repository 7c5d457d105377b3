# oms_state: a PGXS extension.  make, make install, make uninstall and make installcheck
# behave as everywhere, with PG_CONFIG, DESTDIR and a build outside of the sources (VPATH);
# make tapcheck runs the TAP tests against the installed extension.  The targets at the end
# (demo, test, soak, bench, packages) do all of their own set-up and never use what is built here.

# Where the sources are, as pgxs.mk works it out further down.
SOURCES := $(patsubst %/,%,$(if $(USE_VPATH),$(USE_VPATH),$(dir $(firstword $(MAKEFILE_LIST)))))
sources = $(sort $(patsubst $(SOURCES)/%,%,$(wildcard $(addprefix $(SOURCES)/,$(1)))))

EXTENSION = oms_state
EXTVERSION := $(shell sed -n "s/^default_version *= *'\([^']*\)'.*/\1/p" '$(SOURCES)/oms_state.control')

MODULE_big = oms_state
SRC_DIRS := src $(patsubst %/,%,$(call sources,src/*/ src/*/*/))
OBJS := $(patsubst %.c,%.o,$(call sources,$(addsuffix /*.c,$(SRC_DIRS))))
HEADERS := $(call sources,src/oms_state.h)
$(if $(OBJS),,$(error no sources below $(SOURCES)))

# The install script and the upgrade script of this version are made of the same parts (sql/expand.awk), in the order
# of sql/parts.list.  Upgrade scripts of versions before stand in sql/ as they were made.
UPGRADE_FROM = 0.1.0
SQL_PARTS := $(addprefix sql/,$(notdir $(shell sed 's/\#.*//' '$(SOURCES)/sql/parts.list')))
SQL_SCRIPT = sql/$(EXTENSION)--$(EXTVERSION).sql
SQL_UPGRADE = sql/$(EXTENSION)--$(UPGRADE_FROM)--$(EXTVERSION).sql
DATA_built = $(SQL_SCRIPT) $(SQL_UPGRADE)
DATA := $(filter-out $(SQL_UPGRADE),$(call sources,sql/$(EXTENSION)--*--*.sql))

REGRESS := $(patsubst test/sql/%.sql,%,$(call sources,test/sql/*.sql))
REGRESS_OPTS = --inputdir='$(SOURCES)/test' --encoding=UTF8 --no-locale --load-extension=$(EXTENSION)
ISOLATION := $(patsubst test/isolation/specs/%.spec,%,$(call sources,test/isolation/specs/*.spec))
ISOLATION_OPTS = --inputdir='$(SOURCES)/test/isolation' --encoding=UTF8 --no-locale --load-extension=$(EXTENSION)
# Not TAP_TESTS: installcheck needs a running server and nothing else, as elsewhere.
PROVE_TESTS := $(call sources,test/t/*.pl)

# -Wno-unused-parameter and -Wno-sign-compare: the server's own headers trip over them.
PG_CPPFLAGS = -I'$(SOURCES)/src'
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers

# make OMS_TEST_BUILD=1: warnings are errors, our assertions live (the server's stay off).
# Run `make clean` between the two kinds of build; scripts/ builds each in a copy of its own.
ifdef OMS_TEST_BUILD
PG_CFLAGS += -Werror -DUSE_ASSERT_CHECKING
endif

EXTRA_CLEAN = stage $(addsuffix .tmp,$(DATA_built))

PG_CONFIG ?= pg_config
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))

ifneq ($(PGXS),)
include $(PGXS)
PROVE_FLAGS += -I '$(abspath $(SOURCES))/test/lib'

# The folders of what is made, where the sources are not.
$(shell mkdir -p $(SRC_DIRS) sql)

.PHONY: tapcheck
tapcheck:
	$(prove_installcheck)
else
all install uninstall installcheck tapcheck clean:
	@echo "$(PG_CONFIG) --pgxs names no PGXS: install postgresql-server-dev-15, or set PG_CONFIG" >&2; exit 1
endif

$(OBJS) $(OBJS:.o=.bc): $(call sources,$(addsuffix /*.h,$(SRC_DIRS))) oms_state.control

$(SQL_SCRIPT): script = install
$(SQL_UPGRADE): script = upgrade
$(DATA_built): sql/expand.awk sql/kinds.list sql/parts.list $(SQL_PARTS) oms_state.control
	awk -v script=$(script) -f '$(SOURCES)/sql/expand.awk' $(addprefix '$(SOURCES)'/,sql/kinds.list $(SQL_PARTS)) > $@.tmp
	mv $@.tmp $@

.PHONY: demo demo-stop test soak bench dist packages

demo:
	@'$(SOURCES)'/scripts/demo.sh start

demo-stop:
	@'$(SOURCES)'/scripts/demo.sh stop

test:
	@'$(SOURCES)'/scripts/test.sh

soak:
	@OMS_SOAK=1 '$(SOURCES)'/scripts/test.sh

bench:
	@'$(SOURCES)'/scripts/bench.sh

dist:
	@'$(SOURCES)'/scripts/package.sh dist

packages:
	@'$(SOURCES)'/scripts/package.sh debs
