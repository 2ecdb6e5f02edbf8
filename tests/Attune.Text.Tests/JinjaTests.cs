namespace Attune.Text.Tests;

/// <summary>The language of chat templates. Expected texts are those of Jinja 3.1.6 in Python.</summary>
public sealed class JinjaTests
{
    static readonly Message[] Conversation = [new("system", "Be nice."), new("user", "Hi é🤖 there"), new("assistant", "  Yo! ")];

    static string Render(string template) => new ChatTemplate(template).At(new(2024, 7, 6, 5, 4, 3)).Render(Conversation);

    [Theory]
    [InlineData(
        "{{ 1e16 }} {{ 1e15 }} {{ 0.00001 }} {{ 1/3 }} {{ 2.675|round(2) }} {{ 2.5|round }} {{ 1250|round(-2) }}",
        "1e+16 1000000000000000.0 1e-05 0.3333333333333333 2.67 2.0 1200")]
    [InlineData(
        "{{ -7.5 % 2 }} {{ 7 // -2 }} {{ 7 % -3 }} {{ 2 ** -1 }} {{ 2**3**2 }} {{ -2**2 }} {{ 10**20 }} {{ true + true }}",
        "0.5 -4 -2 0.5 64 4 100000000000000000000 2")]
    [InlineData(
        "{{ 'é🤖abc'[1] }} {{ 'é🤖abc'[::-1] }} {{ 'é🤖abc'|length }} {{ 'abcdef'[4:1:-1] }} {{ [1,2,3][::-2] }}", "🤖 cba🤖é 5 edc [3, 1]")]
    [InlineData("{{ '%5.1f|%-5d|%05d|%x|%s|%r' % (2.25, 3, -4, 255, none, 'a') }}", "  2.2|3    |-0004|ff|None|'a'")]
    [InlineData(
        "{{ '{:>6}|{:*^7}|{:,.2f}|{:+d}|{!r}|{a[0]}'.format('a', 'b', 1234567.891, 5, 'q', a=[7]) }}",
        "     a|***b***|1,234,567.89|+5|'q'|7")]
    [InlineData(
        "{{ \"they're bill's\".title() }} {{ \"they're bill's\"|title }} {{ 'Straße ΑΣ'.upper() }} {{ 'ΑΣ ΑΣΑ'.lower() }}",
        "They'Re Bill'S They're Bill's STRASSE ΑΣ ας ασα")]
    [InlineData(
        "{{ 'a b  c '.split(None, 1) }} {{ ' a b '.split(' ') }} {{ 'abc'.replace('', '-') }} {{ 'abcbd'.rpartition('b') }}",
        "['a', 'b  c '] ['', 'a', 'b', ''] -a-b-c- ('abc', 'b', 'd')")]
    [InlineData(
        "{{ [\"it's\", 'say \"hi\"', '\\n', '\\u200b', 1.0, (1,), {'a': none}] }}",
        "[\"it's\", 'say \"hi\"', '\\n', '\\u200b', 1.0, (1,), {'a': None}]")]
    [InlineData("{{ {'b': [1, {}], 'é<': '\"'}|tojson(indent=2) }}", "{\n  \"b\": [\n    1,\n    {}\n  ],\n  \"é<\": \"\\\"\"\n}")]
    [InlineData(
        "{{ x }}|{{ x is defined }}|{{ x|default('d') }}|{{ x ~ 1 }}|{{ messages[9] is defined }}|{{ ''.__class__ }}|",
        "|False|d|1|False||")]
    [InlineData(
        "{% for a in [1, 2, 3] if a > 1 %}{{ loop.index }}/{{ loop.length }}{{ ',' if not loop.last }}{% else %}none{% endfor %}",
        "1/2,2/2")]
    [InlineData("{% for n in [[1, [[2, []]]]] recursive %}{{ n[0] }}@{{ loop.depth }}({{ loop(n[1]) }}){% endfor %}", "1@1(2@2())")]
    [InlineData("{% for x in [1] %}{% continue %}{% else %}E{% endfor %}", "E")]
    [InlineData("{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}", "12121")]
    [InlineData("{% set m = messages|selectattr('role', 'equalto', 'none') %}{% if m %}true{% endif %}{{ m|list }}", "true[]")]
    [InlineData("{% macro m(a, b=2, c=b) %}{{ a }}-{{ b }}-{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, c=9) }} {{ m() }}", "1-2-2 1-2-9 -2-2")]
    [InlineData("{% macro m(x) %}[{{ caller(x) }}]{% endmacro %}{% call(y) m(5) %}y={{ y }}{% endcall %}", "[y=5]")]
    [InlineData("{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}", "(1, 2){'x': 3}")]
    [InlineData("a\n  {% if true %}\n  b\n  {% endif %}\n\nc {#- d -#}  e\n", "a\n  b\n\nce")]
    [InlineData("{% set x | upper | trim %} abc {% endset %}[{{ x }}]{% filter replace('a', 'b') %}aa{% endfilter %}", "[ABC]bb")]
    [InlineData(
        "{{ strftime_now('%d %b %Y') }} {{ strftime_now('%A %B %-d %H:%M:%S %j %U %y %I%p') }}",
        "06 Jul 2024 Saturday July 6 05:04:03 188 26 24 05AM")]
    [InlineData(
        "{{ {'items': 3}['items'] }}{{ {'items': 3}.items() }}{{ messages[0].role.upper() }}{{ messages.0.content }}",
        "3dict_items([('items', 3)])SYSTEMBe nice.")]
    [InlineData(
        "{{ 1 ~ 2 + 3 if false else 'a' 'b' }}{{ not 1 == 2 }}{{ 1 < 2 < 3 }}{{ 'a' not in 'bc' }}{{ 3 is not odd }}",
        "abTrueTrueTrueFalse")]
    public void ATemplateRendersAsInPython(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("\n\n{{ messages[0].x.y }}", "line 3: 'dict object' has no attribute 'x'")]
    [InlineData("\n{{ x + 1 }}", "line 2: 'x' is undefined")]
    [InlineData("{{ 'a' + 1 }}", "can only concatenate str (not \"int\") to str")]
    [InlineData("{{ [].append(1) }}", "access to attribute 'append' of 'list' object is unsafe")]
    [InlineData("{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe")]
    [InlineData("{{ '{0.__class__.x}'.format('') }}", "access to attribute '__class__' of 'str' object is unsafe")]
    [InlineData("{{ messages.GetType() }}", "'list object' has no attribute 'GetType'")]
    [InlineData("{% include 'other' %}", "loads another template")]
    [InlineData(
        "{% if x %}\n{% for y in z %}\n{% endif %}",
        "line 3: Encountered unknown tag 'endif'. Jinja was looking for the following tags: 'endfor' or 'else'.")]
    [InlineData("{{ 'x'|nosuch }}", "No filter named 'nosuch'.")]
    [InlineData("{% break %}", "'break' outside loop")]
    public void WhatIsWrongIsSaidWithTheLine(string template, string expected)
    {
        var message = Assert.Throws<InvalidDataException>(() => Render(template)).Message;
        Assert.StartsWith("chat template, line ", message);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "steps")]
    [InlineData("{% for a in range(1000000000) %}{% endfor %}", "Range too big")]
    [InlineData("{% set a = 'a' * 4000000 %}{% for i in range(100000) %}{% if a|upper == a %}{% endif %}{% endfor %}", "steps")]
    [InlineData("{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}", "steps")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "nest at most")]
    [InlineData("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "nest at most")]
    [InlineData(
        "{% set ns = namespace(x=[]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}", "nest too deeply")]
    [InlineData(
        "{% set ns = namespace(x=[]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x|tojson }}", "nest too deeply")]
    [InlineData("{% set ns = namespace(x=()) %}{% for i in range(100) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {ns.x: 1} }}", "steps")]
    [InlineData("{{ 'a' * 1000000000 }}", "a text must have at most")]
    [InlineData(
        "{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}", "a text must have at most")]
    [InlineData("{% for i in range(100000) %}{{ 'a' * 1000 }}{% endfor %}", "a text must have at most")]
    [InlineData("{{ '%1000000000d' % 1 }}", "width and precision of a format must be at most")]
    [InlineData("{{ '{:1000000000}'.format(1) }}", "width and precision of a format must be at most")]
    [InlineData("{{ 'a'.center(1000000000) }}", "a text must have at most")]
    [InlineData("{{ 'a\nb'|indent(1000000000) }}", "a text must have at most")]
    [InlineData("{{ [1]|batch(1000000000, 0)|list }}", "steps")]
    [InlineData("{{ ([1] * 1000000000)|length }}", "steps")]
    [InlineData("{{ 2 ** (2 ** 40) }}", "an int must have at most")]
    public void WorkDepthAndSizeAreBounded(string template, string expected)
    {
        var message = Assert.Throws<InvalidDataException>(() => Render(template)).Message;
        Assert.StartsWith("chat template, line ", message);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("not ", "")]
    [InlineData("- ", "")]
    [InlineData("1 + ", "")]
    [InlineData("0 or ", "")]
    [InlineData("1 if 0 else ", "")]
    [InlineData("{1: ", "}")]
    public void HoweverDeepAnExpressionNestsItIsRefusedAndTheProgramLives(string opening, string closing)
    {
        const int Times = 50_000;
        var template = $"{{{{ {Repeated(opening)}1{Repeated(closing)} }}}}";
        Assert.Contains("deep", Assert.Throws<InvalidDataException>(() => Render(template)).Message, StringComparison.Ordinal);

        static string Repeated(string text) => string.Concat(Enumerable.Repeat(text, Times));
    }

    [Fact]
    public void TagsThatNestTooDeepAreRefused() => Assert.Contains(
        "nest at most",
        Assert.Throws<InvalidDataException>(() => Render(string.Concat(Enumerable.Repeat("{% if true %}", 50_000)))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void WhatTheAssistantSaidIsMarkedInCodePoints()
    {
        var rendered = new ChatTemplate(
            "🤖{% for m in messages %}{% if m.role == 'assistant' %}"
            + "{% generation %}é{{ m.content }}{% endgeneration %}{% endif %}{% endfor %}.")
            .Render(new Conversation(Conversation));
        Assert.Equal("🤖é  Yo! .", rendered.Text);
        Assert.Equal([new Offset(1, 8)], rendered.Generated);
    }
}
