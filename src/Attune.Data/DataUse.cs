namespace Attune.Data;

/// <summary>What a method learns from, or a command reads.</summary>
public enum DataUse
{
    /// <summary>Examples of every layout.</summary>
    Any,

    /// <summary>Texts; also prompts with a completion, which are joined.</summary>
    Documents,

    /// <summary>Prompts with a response, and conversations.</summary>
    Demonstrations,

    /// <summary>Responses to a prompt of which some are better.</summary>
    Comparisons,

    /// <summary>Comparisons of two responses, with a third, gold response.</summary>
    Triples,

    /// <summary>Prompts; responses in the data are not used.</summary>
    Prompts,

    /// <summary>Responses that are labelled good or bad, one by one; also the best and the worst of comparisons.</summary>
    Labels,

    /// <summary>Responses with rewards; also comparisons, of which every response has a reward.</summary>
    Rewards,

    /// <summary>Responses in steps, of which each is labelled right or wrong.</summary>
    Steps,

    /// <summary>Texts, and responses with or without comparisons or labels: what a reward model scores.</summary>
    Responses,
}

/// <summary>Which examples serve a <see cref="DataUse"/>.</summary>
public static class DataUses
{
    /// <summary>What an example is made for.</summary>
    public static DataUse Of(Example example) => example switch
    {
        Document => DataUse.Documents,
        PromptOnly or ChatExample { IsPrompt: true } => DataUse.Prompts,
        Demonstration or ChatExample => DataUse.Demonstrations,
        LabelledExample => DataUse.Labels,
        RewardedExample => DataUse.Rewards,
        StepwiseExample => DataUse.Steps,
        ComparisonExample { Reference: not null } or ChatComparisonExample { Reference: not null } => DataUse.Triples,
        _ => DataUse.Comparisons,
    };

    /// <summary>Whether an example serves a use.</summary>
    public static bool Serves(Example example, DataUse use) => use switch
    {
        DataUse.Any => true,
        DataUse.Prompts => example is not Document,
        DataUse.Documents => example is Document or Demonstration,
        DataUse.Responses => HasResponse(example),
        DataUse.Labels => Of(example) is DataUse.Labels or DataUse.Comparisons,
        DataUse.Rewards => Of(example) is DataUse.Rewards or DataUse.Comparisons,
        _ => Of(example) == use,
    };

    static bool HasResponse(Example example) => example is not (PromptOnly or ChatExample { IsPrompt: true });

    /// <summary>The name of the examples, with the fields of Attune's own layouts.</summary>
    public static string Describe(DataUse use) => use switch
    {
        DataUse.Documents => "documents (`text`; or `prompt` and `completion`, which are joined)",
        DataUse.Demonstrations => "demonstrations (`prompt` and `completion`; or `messages`)",
        DataUse.Comparisons => "comparisons (`prompt`, `chosen` and `rejected`; or `prompt`, `completions` and `ranks` or `pairs`)",
        DataUse.Triples => "comparisons with a gold response (`prompt`, `chosen`, `rejected` and `reference`)",
        DataUse.Prompts => "prompts (`prompt`)",
        DataUse.Labels => "labelled responses (`prompt`, `completion` and `label`; or comparisons)",
        DataUse.Responses => "texts to score (`text`; `prompt` and `completion`; `messages`; compared responses; or labelled steps)",
        DataUse.Rewards => "responses with rewards (`prompt`, `completion` and `reward`; or comparisons)",
        DataUse.Steps => "responses in labelled steps (`prompt`, `completions` and `labels`)",
        _ => "examples",
    };

    /// <summary>The name of the examples.</summary>
    public static string Name(DataUse use) => Describe(use).Split(" (")[0];
}
