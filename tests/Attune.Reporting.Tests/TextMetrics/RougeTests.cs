using Attune.Reporting.TextMetrics;
using Attune.Testing;

namespace Attune.Reporting.Tests;

/// <summary>Expected numbers are those of rouge_score's own tests (rouge_scorer_test.py), which compare with ROUGE-1.5.5.</summary>
public sealed class RougeTests
{
    const string Target0 =
        "ZfbCUIUuePaiLVUlCaUXxkpu XPeWing tUHfPMuZ',-Xd Y BrUgVJing M-HV.-DgdDaY.rFDJCRing Ht-LM EKBDXkME,yz'RBr q'wtion "
        + "wIojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxer tKM L";
    const string Prediction0 = "rFDJCRtion Ht-LM EKtDXkME,yz'RBr q'wer wrojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxi";
    const string Target1 =
        "KsJdPByEtAor fE-Qg Dpdbring cw-WeFyu vC MoBL Xdn g wkvcEiGvKtion BDFhrpMtion psing sbKao Q m qiing LMmer HqqLFXe,XPY,J XsurkMer "
        + ",ed nB'wH'bWVHjWFEing tQ.saefZwJtKrTlixYpMMsJing UCAPwNHeYVjDing c T BUySKtion gMPfJpwGw p'NvxAoping eu pBwMBKV'I "
        + "DNxqelhu,PHPxDEq,mtion SN";
    const string Prediction1 =
        "n cw-WeFyu vC MoBL Xdn g wkvcEiGvKtion BDFhrpMer pstion sbKao Q m qier LMmed HqqLFXe,XPY,J XsurkMeo ,ed nB'wH'bWVHjWFEer "
        + "tQ.saefZwJtKrTlixYpMMNJtion UCAPwNHeYVjD";

    [Theory]
    [InlineData(RougeType.Rouge1, "testing one two", "testing", 1 / 2.0)]
    [InlineData(RougeType.Rouge2, "testing one two", "testing one", 2 / 3.0)]
    [InlineData(RougeType.RougeL, "testing one two", "testing one", 4 / 5.0)]
    [InlineData(RougeType.RougeL, "testing one two", "testing two", 4 / 5.0)]
    [InlineData(RougeType.Rouge1, "testing one two", "", 0)]
    [InlineData(RougeType.Rouge2, "testing one two", "", 0)]
    [InlineData(RougeType.RougeL, "testing one two", "", 0)]
    [InlineData(RougeType.RougeLsum, "testing one two", "", 0)]
    [InlineData(RougeType.RougeLsum, "w1 w2 w3 w4 w5", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", 8 / 15.0)]
    [InlineData(RougeType.RougeLsum, "", "w1", 0)]
    [InlineData(RougeType.RougeLsum, "w1 w2 w3 w4 w5", "/", 0)]
    [InlineData(RougeType.Combined, "testing one two", "testing one", (4 / 5.0 + 2 / 3.0 + 4 / 5.0) / 3)]          // by hand
    public void Score_ShortTexts_AreThoseOfRougeScore(RougeType type, string target, string prediction, double expected) =>
        Numeric.Close(expected, new Rouge { Type = type, Stemmer = false }.Score(prediction, target), $"{type}", 1e-12, 0);

    [Theory]
    [InlineData(RougeType.Rouge1, false, 0.51163, 0.5)]
    [InlineData(RougeType.Rouge1, true, 0.51163, 0.52941)]
    [InlineData(RougeType.Rouge2, false, 0.39024, 0.36364)]
    [InlineData(RougeType.Rouge2, true, 0.39024, 0.36364)]
    [InlineData(RougeType.RougeL, false, 0.51163, 0.5)]
    public void Score_RandomTexts_AreThoseOfRouge155(RougeType type, bool stemmer, double first, double second)
    {
        var rouge = new Rouge { Type = type, Stemmer = stemmer };
        Numeric.Close(first, rouge.Score(Prediction0, Target0), "first", 5e-6, 0);
        Numeric.Close(second, rouge.Score(Prediction1, Target1), "second", 5e-6, 0);
    }

    [Fact]
    public void Score_SeveralLinesWithStems_IsThatOfRouge155() => Numeric.Close(
        0.47205, new Rouge { Type = RougeType.RougeLsum }.Score(
            $"{Prediction0}\n{Prediction1}\nxfs VkJE QhgKiLHE -HidivzoM.dO anhing jbLQiSGDTCsuhREebUaKM dv J\n"
            + "VjWH'BdyWjnfGU-OjTNaEMdFICyLWfQMing wEMfdOKijg AwkeKbO 'DxqNO\n",
            $"{Target0}\n{Target1}\nNhETebUbBk'er WOvoHMTjSRizKgH'vHiing Xu,hWxfs VkNE QhgKiLHE -HidivzoM.dO anhtion "
            + "jbLQiSGDTCsuhREebUaKM dv J dVN tmbOT\nvMR HDm,xOAetion D,tion HJtodT.mHl UIv-p VjWH'BdyWjnfGU-OjT "
            + "aEMdFICyLWfQMtion wEMfdOKing AwkeKbO 'DxqNOHBH qKtVvm OYJl mM\n"), "rougeLsum", 5e-6, 0);

    [Fact]
    public void Score_SeveralReferences_IsThatOfTheNearest() =>
        Assert.Equal(1, new Rouge { Type = RougeType.Rouge1 }.Score("two words", "another text", "two words"));

    [Fact]
    public void CorpusScore_IsTheMean() => Assert.Equal(
        0.75, new Rouge { Type = RougeType.Rouge1 }.CorpusScore([new("testing", ["testing one two"]), new("same", ["same"])]));
}
