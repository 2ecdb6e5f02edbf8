using Attune.Reporting.TextMetrics;
using Attune.Testing;

namespace Attune.Reporting.Tests;

/// <summary>
/// Expected numbers were computed with NLTK 3.8, meteor_score with a WordNet that has no synonyms; the first is also in its documentation.
/// </summary>
public sealed class MeteorTests
{
    const string Guide = "It is a guide to action which ensures that the military always obeys the commands of the party";
    const string Troops = "It is to insure the troops forever hearing the activity guidebook that party direct";
    const string Reference1 = "It is a guide to action that ensures that the military will forever heed Party commands";
    const string Reference2 =
        "It is the guiding principle which guarantees the military forces always being under the command of the Party";
    const string Reference3 = "It is the practical guide for the army always to heed the directions of the party";

    [Theory]
    [InlineData(Guide, Reference1, 0.6944444444444445)]
    [InlineData(Guide, Reference2, 0.625)]
    [InlineData(Guide, Reference3, 0.5114197530864197)]
    [InlineData(Troops, Reference1, 0.3035391371738569)]
    [InlineData(Troops, Reference2, 0.21136363636363634)]
    [InlineData("on the mat sat the cat", "the cat sat on the mat", 0.5)]
    [InlineData("he walked quick", "he walks quickly", 0.625)]
    [InlineData("non matching hypothesis", "this is a cat", 0)]
    [InlineData("", "this is a cat", 0)]
    public void Score_IsThatOfNltk(string response, string reference, double expected) =>
        Numeric.Close(expected, new Meteor().Score(response, reference), "METEOR", 1e-12, 0);

    [Fact]
    public void Score_SeveralReferences_IsThatOfTheNearest() =>
        Numeric.Close(0.6944444444444445, new Meteor().Score(Guide, Reference3, Reference1, Reference2), "METEOR", 1e-12, 0);

    /// <summary>Stems are those of NLTK 3.8's PorterStemmer, whose words are the examples of Porter 1980 and of its extensions.</summary>
    [Fact]
    public void Stem_IsThatOfNltk()
    {
        const string words = """
            caresses ponies ties caress cats feed agreed plastered bled motoring sing conflated troubled sized hopping tanned falling
            hissing fizzed failing filing happy sky enjoy spied died flies dies relational conditional rational valenci hesitanci
            digitizer conformabli radicalli differentli vileli analogousli vietnamization predication operator feudalism decisiveness
            hopefulness callousness formaliti sensitiviti sensibiliti triplicate formative formalize electriciti electrical hopeful
            goodness revival allowance inference airliner gyroscopic adjustable defensible irritant replacement adjustment dependent
            adoption homologou communism activate angulariti homologous effective bowdlerize probate rate cease controll roll skies dying
            lying news innings proceed geology archaeology peacefully by oats generalizations syzygy toy using added owed shied
            universally
            """;
        const string stems = """
            caress poni tie caress cat feed agre plaster bled motor sing conflat troubl size hop tan fall hiss fizz fail file happi sky
            enjoy spi die fli die relat condit ration valenc hesit digit conform radic differ vile analog vietnam predic oper feudal decis
            hope callous formal sensit sensibl triplic form formal electr electr hope good reviv allow infer airlin gyroscop adjust defens
            irrit replac adjust depend adopt homolog commun activ angular homolog effect bowdler probat rate ceas control roll sky die lie
            news inning proceed geolog archaeolog peac by oat gener syzygi toy use ad owe shi univers
            """;
        Assert.Equal(Words.Split(stems), Words.Split(words).Select(PorterStemmer.Stem));
    }
}
