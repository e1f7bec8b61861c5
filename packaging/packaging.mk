# Packages and what else is handed on: docs/install.md. All of it goes to build/.

PACKAGE := tornstack-$(VERSION)
ARCHITECTURE := $(or $(patsubst aarch64,arm64,$(patsubst x86_64,amd64,$(shell uname -m))),unknown)

# What git has of this folder, as it is now: owners, order and times of the files do not depend on who makes it.
DIST := build/$(PACKAGE).tar.gz
.PHONY: dist deb rpm static image
dist:
	@mkdir -p build
	@git ls-files -z | tar --null --no-recursion --files-from=- --sort=name --owner=0 --group=0 --numeric-owner --mode=u+rwX,go+rX-w \
		--mtime="@$$(git log -1 --format=%ct)" --transform='flags=r;s|^|$(PACKAGE)/|' --use-compress-program='gzip -9n' -cf $(DIST).new
	@mv $(DIST).new $(DIST)
	@echo $(DIST)

# The packages of build/deb: for the release that this machine runs, whose libraries they name.
deb: dist
	@.ci/deps --deb
	@rm -rf build/deb && mkdir -p build/deb && cp $(DIST) build/deb/tornstack_$(VERSION).orig.tar.gz
	@cd build/deb && tar xf tornstack_$(VERSION).orig.tar.gz && cp -r $(PACKAGE)/packaging/debian $(PACKAGE)/debian
	@cd build/deb/$(PACKAGE) && env -u MAKEFLAGS -u MAKELEVEL DEB_BUILD_OPTIONS="parallel=$$(nproc)" dpkg-buildpackage -us -uc >../build.log 2>&1 || \
		{ tail -n 40 ../build.log; exit 1; }
	@ls build/deb/*.deb

rpm: dist
	@.ci/deps --rpm
	@rm -rf build/rpm && mkdir -p build/rpm/SOURCES && cp $(DIST) build/rpm/SOURCES/
	@env -u MAKEFLAGS -u MAKELEVEL rpmbuild -ba --define "_topdir $(abspath build/rpm)" --define 'version_of_tornstack $(VERSION)' \
		$(if $(wildcard /etc/debian_version),--nodeps --define '_libdir /usr/lib64') packaging/tornstack.spec >build/rpm/build.log 2>&1 || \
		{ tail -n 40 build/rpm/build.log; exit 1; }
	@find build/rpm/RPMS build/rpm/SRPMS -name '*.rpm'

# One file that needs nothing else: no library, no loader.
STATIC := build/$(PACKAGE)-linux-$(ARCHITECTURE)
static:
	@.ci/deps --static
	@$(MAKE) $(PARALLEL) VARIANT=static all
	@strip -o $(STATIC) build/static/tornstack
	@ls -l $(STATIC)

image: static
	@.ci/deps --image
	@packaging/image.sh $(STATIC) $(VERSION) $(ARCHITECTURE) build/$(PACKAGE)-image-$(ARCHITECTURE).tar
	@ls -l build/$(PACKAGE)-image-$(ARCHITECTURE).tar

# As root, with mmdebstrap; minutes to hours. SUITES: releases of Debian and Ubuntu; TESTS: these only.
SUITES ?=
.PHONY: check-distributions check-deb check-rpm check-coredumpctl check-static
check-distributions:
	@.ci/deps --roots
	@TESTS="$(TESTS)" packaging/distributions.sh $(SUITES)

check-deb:
	@.ci/deps --roots
	@packaging/check_deb.sh $(SUITES)

check-rpm:
	@.ci/deps --roots
	@packaging/check_rpm.sh $(SUITES)

check-coredumpctl:
	@.ci/deps --roots
	@packaging/check_coredumpctl.sh $(SUITES)

check-static: image
	@packaging/check_static.sh $(STATIC) build/$(PACKAGE)-image-$(ARCHITECTURE).tar

# Clone, install, crash a service in four ways, ask about each. Minutes, where packages are missing.
.PHONY: check-newcomer
check-newcomer:
	@tests/newcomer/try.sh
