// defects.cpp: many dumps at once, and how many different defects they are.
// c++ -std=c++17 defects.cpp $(pkg-config --cflags --libs tornstack) -o defects && ./defects /var/cores/*
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tornstack.h>

struct Closer {
	void operator()(ts_handle *handle) const { ts_close(handle); }
};
using Analysis = std::unique_ptr<ts_handle, Closer>;

static Analysis open(const char *dump)
{
	ts_options options{};
	ts_handle *handle = nullptr;

	options.isolated = true; // a dump that is an attack, or that the library does not survive, costs an error
	options.workers = 1;     // the dumps share the CPUs
	const ts_result result = ts_open(dump, &options, &handle);
	if (!handle)
		std::cerr << dump << ": " << result.error << '\n';
	return Analysis(handle);
}

int main(int argc, char **argv)
{
	std::vector<std::future<Analysis>> analyses;
	std::map<std::string, std::vector<std::string>> defects;

	for (int i = 1; i < argc; i++)
		analyses.push_back(std::async(std::launch::async, open, argv[i]));
	for (auto &future : analyses)
		if (const Analysis analysis = future.get()) {
			const ts_report *report = ts_report_of(analysis.get());
			defects[report->fingerprint].push_back(report->verdict->headline);
		}
	for (const auto &[fingerprint, headlines] : defects)
		std::cout << fingerprint << ' ' << headlines.size() << ' ' << headlines.front() << '\n';
}
