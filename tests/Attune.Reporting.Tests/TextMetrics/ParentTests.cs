using Attune.Reporting.TextMetrics;
using Attune.Testing;

namespace Attune.Reporting.Tests;

/// <summary>Expected numbers are those of the formulas of the authors' table_text_eval; the last case is also worked by hand.</summary>
public sealed class ParentTests
{
    const string Silkworm = "Michael Dahlquist ( December 22 1965 ) was a drummer in the band Silkworm .";
    const string Drums = "Michael Dahlquist born December 22 1965 plays drums .";

    static readonly TableEntry[] Table =
        [new("name", "Michael Dahlquist"), new("birth date", "December 22 1965"), new("instrument", "drums")];

    public static TheoryData<string, string[], double?, double, double, double> Cases => new()
    {
        { Drums, [Silkworm], 0.5, 0.7088733728625214, 0.1895531883042552, 0.2991211797210722 },
        { Drums, [Silkworm], null, 0.7088733728625214, 0.10888668887870034, 0.18877633445938632 },
        { Drums, [Silkworm], 0, 0.7088733728625214, 0.03593041119630842, 0.06839415152348872 },
        { Drums, [Silkworm], 1, 0.7088733728625214, 1, 0.8296382633979502 },
        {
            "michael dahlquist was a drummer", [Silkworm, "michael dahlquist plays drums"], 0.5,
            0.3700414022461426, 0.02830083281539463, 0.05258031248041218
        },
        { "michael", [Silkworm], 0.5, 0.00017782794100389232, 0.004451979175982148, 0.00034199462754264885 },
        { "nothing here", [Silkworm], 0.5, 0, 1e-5, 0 },
        { "", [Silkworm], 0.5, 0, 1e-5, 0 },
        // all words are in the table: precision 1; 2 of 3 words of one of three values are mentioned: recall (2/3 · 1/3)^½
        { "22 22 22 1965 1965", ["22 1965"], 0.5, 1, 0.4714045207910317, 0.6407544776793682 },
    };

    [Theory, MemberData(nameof(Cases))]
    public void Measure_IsThatOfTableTextEval(
        string response, string[] references, double? lambda, double precision, double recall, double f1)
    {
        var text = new ReferencedText(response, references) { Table = Table };
        var parent = new Parent { Lambda = lambda };
        var score = parent.Measure(text);
        Numeric.Close([precision, recall, f1], [score.Precision, score.Recall, score.F1], "PARENT", 1e-12, 0);
        Assert.Equal([score.F1], parent.Scores([text]));
    }

    [Fact]
    public void Measure_NoTable_IsRefused() => Assert.Contains(
        "with at least one entry", Assert.Throws<InvalidDataException>(() => new Parent().Score("a", "a")).Message,
        StringComparison.Ordinal);
}
