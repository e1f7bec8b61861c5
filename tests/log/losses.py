"""What pairs of manglings (mangle.py) lose, as was measured on the logs of test_mangle.PAIRED: why: ((first ones, second ones), …). Every other
pair that a text may meet gives the same report."""
LOST = {
    'lines of more than 76 characters are broken, and not always put together': (
        ('ansi buildkite cloudwatch_tail compose first_only github_actions grep_context journald journald_export '
         'kubectl_prefix logrus quoted_csv syslog test_json',
         'quoted_printable'),
    ),
    'a line that was broken where its envelope stands is not always put together': (
        ('ansi buildkite cloudwatch_tail coloured_words compose containers cri cri_partial filebeat github_actions '
         'journald journald_export kubectl_prefix layers logrus loki_csv one_quoted one_string quote quoted_csv reverse '
         'structured_syslog syslog syslog_5424 tabs test_json zap',
         'wrap'),
        ('wrap',
         'break_tags_one one_quoted one_string quoted_printable'),
    ),
    'columns and empty lines with nothing but tags between': (
        ('cloudwatch_tail compose containers cri cri_partial github_actions grep_context journald journald_export '
         'kubectl_prefix layers numbered syslog_5424 tabs',
         'break_tags_one'),
    ),
    "colours between words that were escaped with the text: no word of the runtime's is left to search for": (
        ('coloured_words',
         'containers_strings docker_json docker_json_labels filebeat journald_json logrus one_quoted one_string '
         'python_string quoted_printable stackdriver zap'),
    ),
    "every line has a character that is not printable: all of them are lists of bytes, and what is in these is no line of the runtime's": (
        ('coloured_words tabs',
         'journald_bytes'),
    ),
    'of a column without quotes whose text has an envelope the columns behind stay in the line': (
        ('containers cri cri_partial github_actions journald layers syslog syslog_5424 tabs',
         'loki_csv'),
    ),
    'the first line of a quoted event is behind a time and a quote, the others are not': (
        ('event_csv',
         'added bordered cloudwatch_tail compose containers github_actions grep_context journald journald_export '
         'kubectl_prefix layers numbered quote reverse structured_syslog syslog syslog_5424 tabs'),
    ),
    'the first line is behind one envelope more than the others, or fewer': (
        ('first_only',
         'reverse'),
        ('test_json',
         'event_csv first_only'),
    ),
    'a list of bytes is read where its object begins the line, and is whole': (
        ('journald_bytes',
         'added bordered break_tags break_tags_one entities grep_context indent numbered quote quoted_printable wrap'),
    ),
    'a string of Python with something around it: nothing tells how often its signs were escaped': (
        ('python_bytes',
         'event_csv first_only one_quoted one_string python_string'),
        ('python_bytes python_string',
         'break_tags break_tags_one containers_strings docker_json docker_json_labels entities filebeat grep_context '
         'journald_bytes journald_json logrus loki_csv quoted_csv quoted_printable stackdriver wrap zap'),
        ('python_string',
         'added bordered cloudwatch_tail compose containers cri cri_partial github_actions indent journald '
         'journald_export kubectl_prefix layers numbered quote structured_syslog syslog syslog_5424 tabs'),
    ),
}

WHY = {(first, second): why for why, rows in LOST.items() for firsts, seconds in rows
       for first in firsts.split() for second in seconds.split()}
