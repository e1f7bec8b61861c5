#!/usr/bin/env python3
"""Triage of dumps and logs on Spark: the same analysis and the same clusters as `tornstack triage` on one machine.

    spark-submit triage_job.py --output OUT [--tornstack FILE] [--partitions N] SOURCE…

A SOURCE is a folder or file that every worker sees by the same path, or a URI that Spark reads (s3a://bucket/cores/*, hdfs://…): those are fetched
by the worker that analyses them, at most 2 GB each (binaryFile). Written are OUT/inputs and OUT/clusters as Parquet: the line of each as
docs/triage.schema.json describes it, and columns of what is asked most.

Each partition is a list of names for `tornstack triage --json -`. One worker puts all lines together, by `tornstack triage --state`, which reads no
dump: a log that does not name its program is of one that all others tell."""
import argparse
import json
import os
import subprocess
import tempfile

from pyspark.sql import Row, SparkSession
from pyspark.sql.types import LongType, StringType, StructField, StructType

INPUTS = ('path', 'sha256', 'crash', 'crash_sha256', 'seen', 'host', 'certainty', 'rule', 'place', 'fingerprint', 'program', 'version', 'go_version', 'error', 'line')
CLUSTERS = ('id', 'count', 'first_seen', 'last_seen', 'certainty', 'rule', 'place', 'program', 'new_in', 'gone_in', 'line')


def run(tornstack, arguments, names=''):
    """Lines of a triage, as they are; of a log that of the file behind those of its other crashes. Status 1 says that something could not be analysed, which its line says, too."""
    done = subprocess.run([tornstack, 'triage', '--json', *arguments], input=names.encode(errors='surrogateescape'), capture_output=True, check=False)
    if done.returncode not in (0, 1) or (done.returncode and not done.stdout):
        raise RuntimeError(f'tornstack triage: status {done.returncode}: {done.stderr.decode(errors="replace")[-2000:]}')
    return done.stdout.decode().splitlines()


def of_kind(lines, *kinds):
    return [line for line in lines if json.loads(line)['kind'] in kinds]


def files_below(source):
    if os.path.isfile(source):
        return [source]
    return [os.path.join(folder, name) for folder, _, names in os.walk(source) for name in names if not name.startswith('.')]


def analyse_paths(tornstack):
    def analyse(paths):
        names = '\n'.join(paths)
        return of_kind(run(tornstack, ['-j1', '-'], names), 'input', 'crash') if names else []
    return analyse


def analyse_objects(tornstack):
    """Each is copied to a folder of its own, since executables are looked for beside a dump, and is called by its URI afterwards."""
    def analyse(rows):
        for row in rows:
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, os.path.basename(row.path))
                with open(path, 'wb') as out:
                    out.write(row.content)
                modified = row.modificationTime.timestamp()
                os.utime(path, (modified, modified))
                for text in of_kind(run(tornstack, ['-j1', path]), 'input', 'crash'):
                    line = json.loads(text)
                    line['path'] = row.path + line['path'][len(path):]
                    yield json.dumps(line, ensure_ascii=False, separators=(',', ':'))
    return analyse


def put_together(tornstack):
    def put(lines):
        with tempfile.NamedTemporaryFile('w', suffix='.state', encoding='utf-8') as state:
            state.writelines(line + '\n' for line in lines)
            state.flush()
            return of_kind(run(tornstack, ['--state', state.name]), 'cluster')
    return put


def row_of(columns, text):
    line = json.loads(text)
    flat = {**line, **line.get('verdict', {}), **{key: line.get('target', {}).get(key, line.get(key)) for key in ('program', 'version', 'go_version')},
            'error': (line.get('error') or {}).get('code'), 'line': text, 'crash': (line.get('crash') or {}).get('number'),
            'crash_sha256': (line.get('crash') or {}).get('sha256')}
    return Row(**{name: flat.get(name) for name in columns})


def schema_of(columns):
    return StructType([StructField(name, LongType() if name in ('count', 'crash') else StringType()) for name in columns])


def triage(spark, sources, tornstack='tornstack', partitions=None):
    """The lines of inputs and of clusters, as two RDDs."""
    context = spark.sparkContext
    paths = sorted(path for source in sources if '://' not in source for path in files_below(source))
    objects = [source for source in sources if '://' in source]
    if any('\n' in path for path in paths):
        raise ValueError('the name of a file has a line end: hand over its folder by a URI (file:///…)')
    inputs = context.parallelize(paths, partitions or max(context.defaultParallelism, len(paths) // 200 + 1)).mapPartitions(analyse_paths(tornstack))
    if objects:
        frame = spark.read.format('binaryFile').load(objects)
        inputs = inputs.union(frame.rdd.mapPartitions(analyse_objects(tornstack)))
    inputs = inputs.cache()
    return inputs, inputs.coalesce(1).mapPartitions(put_together(tornstack))


def write(spark, output, inputs, clusters):
    """As Parquet, below a folder or URI."""
    for name, columns, lines in (('inputs', INPUTS, inputs), ('clusters', CLUSTERS, clusters)):
        rows = lines.map(lambda text, columns=columns: row_of(columns, text))
        spark.createDataFrame(rows, schema_of(columns)).write.mode('overwrite').parquet(f'{output}/{name}', compression='gzip')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--output', required=True)
    parser.add_argument('--tornstack', default='tornstack')
    parser.add_argument('--partitions', type=int)
    parser.add_argument('sources', nargs='+', metavar='SOURCE')
    options = parser.parse_args()
    spark = SparkSession.builder.appName('tornstack triage').getOrCreate()
    write(spark, options.output, *triage(spark, options.sources, options.tornstack, options.partitions))


if __name__ == '__main__':
    main()
