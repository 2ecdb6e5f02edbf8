using Attune.Text;
using Attune.Text.Trainers;

namespace Attune.Data.Tests;

/// <summary>Conversations as training rows, with many kinds of difficult templates.</summary>
public sealed class ChatEncoderTests
{
    static readonly Origin Origin = new("data.jsonl", 3);
    static readonly Message[] Talk = [new("user", "abc"), new("assistant", "def"), new("user", "x"), new("assistant", "y")];

    static readonly Tokenizer Plain = BytePairTrainer.Train(["abc abc def def"], new() { VocabularySize = 270 });

    // Its text ends with <|endoftext|>, as those of most families do.
    const string Turns =
        "{% for m in messages %}{% if m.role == 'assistant' %}A:{{ m.content }}{{ eos_token }}{% else %}"
        + "U:{{ m.content }}\n{% endif %}{% endfor %}{% if add_generation_prompt %}A:{% endif %}";

    static (string[] Learned, string Text, string[] Notices) Row(string? template, params Message[] messages) =>
        Row(Plain, template, new ChatExample(Origin, messages));

    static (string[] Learned, string Text, string[] Notices) Row(Tokenizer tokenizer, string? template, ChatExample dialogue)
    {
        var own = tokenizer.WithChatTemplate(template);
        var encoder = new TextEncoder(own, 512);
        if (encoder.EncodeChat(dialogue) is not { } row)
            return ([], "", [.. encoder.Notices]);
        return ([.. Runs(row).Select(run => own.Decode(run))], own.Decode(row.Tokens), [.. encoder.Notices]);
    }

    /// <summary>Runs of adjacent tokens in the loss.</summary>
    static IEnumerable<int[]> Runs(TokenRow row)
    {
        for (var start = 0; start < row.Tokens.Length; start++)
        {
            var end = start;
            while (end < row.Tokens.Length && row.LossMask[end])
                end++;
            if (end > start)
                yield return row.Tokens[start..end];
            start = end;
        }
    }

    [Fact]
    public void WhatEachAnswerAddsToTheOpenedPromptIsLearned()
    {
        var (learned, text, notices) = Row(Turns, Talk);
        Assert.Equal("U:abc\nA:def<|endoftext|>U:x\nA:y<|endoftext|>", text);
        Assert.Equal(["def<|endoftext|>", "y<|endoftext|>"], learned);
        Assert.Empty(notices);
    }

    [Fact]
    public void WhatTheTemplateMarksIsLearnedWhereItMarks()
    {
        var (learned, _, notices) = Row(
            Turns.Replace("A:{{ m.content }}{{ eos_token }}", "A:{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}"), Talk);
        Assert.Equal(["def<|endoftext|>", "y<|endoftext|>"], learned);
        Assert.Empty(notices);
    }

    [Fact]
    public void OfAPromptWithACompletionTheCompletionAloneIsLearned()
    {
        Assert.Equal(["y<|endoftext|>"], Row(Plain, Turns, new(Origin, Talk, PromptCount: 3)).Learned);
        Assert.Equal(["y<|endoftext|>"], Row(Plain, Turns.Replace("{{ m.content }}{{ eos_token }}",
            "{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}"), new(Origin, Talk, PromptCount: 3)).Learned);
    }

    [Fact]
    public void WithoutATemplateChatMlIsWrittenAndSaid()
    {
        var (learned, text, notices) = Row(null, Talk[..2]);
        Assert.Equal("<|im_start|>user\nabc<|im_end|>\n<|im_start|>assistant\ndef<|im_end|>\n<|endoftext|>", text);
        Assert.Equal(["def<|im_end|>\n<|endoftext|>"], learned);
        Assert.Contains("rendered as ChatML, because the tokenizer has no chat template", Assert.Single(notices));
    }

    [Fact]
    public void AMissingEndIsPutBehindTheLastAnswerAndSaid()
    {
        var (learned, _, notices) = Row(Turns.Replace("{{ eos_token }}", "\n"), Talk);
        Assert.Equal(["def\n", "y\n<|endoftext|>"], learned);
        Assert.Contains("no <|endoftext|> after the response", Assert.Single(notices));
    }

    [Fact]
    public void AnEndThatTheTemplateDoesNotMarkIsSaid()
    {
        var (learned, _, notices) =
            Row(Turns.Replace("{{ m.content }}{{ eos_token }}", "{% generation %}{{ m.content }}{% endgeneration %}{{ eos_token }}"), Talk);
        Assert.Equal(["def", "y"], learned);
        Assert.Contains("does not mark it: the model does not learn to stop", Assert.Single(notices));
    }

    [Fact]
    public void AnAnswerThatDoesNotExtendTheOpenedPromptIsLearnedFromWhereTheyPartAndSaid()
    {
        var (learned, _, notices) = Row(Turns.Replace("%}A:{% endif %}", "%}A:<think>\n{% endif %}"), Talk);
        Assert.Equal(["def<|endoftext|>", "y<|endoftext|>"], learned);
        Assert.StartsWith("1 conversation has responses that do not extend the generation prompt", Assert.Single(notices));
    }

    [Fact]
    public void EarlierTurnsThatATemplateRewritesAreNotLearnedAndSaid()
    {
        var thinking = Turns.Replace("A:{{ m.content }}", "A:{{ m.content if loop.last else m.content.split('</think>')[-1] }}");
        var (learned, text, notices) = Row(thinking, new("user", "abc"), new("assistant", "<think>hm</think>def"), new("user", "x"),
            new("assistant", "<think>q</think>y"));
        Assert.Equal("U:abc\nA:def<|endoftext|>U:x\nA:<think>q</think>y<|endoftext|>", text);
        Assert.Equal(["<think>q</think>y<|endoftext|>"], learned);
        Assert.Contains("renders differently when later ones follow", Assert.Single(notices));
    }

    [Fact]
    public void AnEndOfTheWholeTextThatComesWithoutAnOpenedPromptIsNoRewriting()
    {
        const string Closing =
            "{% for m in messages %}{{ m.role[0] }}:{{ m.content }}\n{% endfor %}{{ 'a:' if add_generation_prompt else eos_token }}";
        var (learned, text, notices) = Row(Closing, Talk);
        Assert.Equal("u:abc\na:def\nu:x\na:y\n<|endoftext|>", text);
        Assert.Equal(["def\n", "y\n<|endoftext|>"], learned);
        Assert.Empty(notices);
    }

    [Fact]
    public void ATemplateThatRefusesAConversationIsNamedWithTheLineOfTheData()
    {
        var own = Plain.WithChatTemplate("{{ raise_exception('roles must alternate') }}");
        var message = Assert.Throws<InvalidDataException>(() => new TextEncoder(own, 64).EncodeChat(new(Origin, Talk))).Message;
        Assert.Equal("data.jsonl, line 3: chat template, line 1: roles must alternate", message);
    }

    [Fact]
    public void ABeginningThatTheTemplateAndTheTokenizerBothWriteStandsOnceAndIsSaid()
    {
        var llama = TextEncoderTests.WithBeginning();
        var bos = llama.IdToToken(llama.BosId!.Value);
        var (_, text, notices) = Row(llama, "{{ bos_token }}" + Turns, new(Origin, Talk));
        Assert.StartsWith($"{bos}U:", text);
        Assert.Contains($"1 conversation begins with the chat template's own {bos}", Assert.Single(notices));
        (_, text, notices) = Row(llama, "{{ bos_token }}{{ bos_token }}" + Turns, new(Origin, Talk));
        Assert.StartsWith($"{bos}{bos}U:", text);
        Assert.Contains($"1 conversation begins with {bos} twice", Assert.Single(notices));
        Assert.StartsWith("U:", Row(llama, Turns, new(Origin, Talk)).Text);
    }

    [Fact]
    public void AConversationIsAPromptWithTheAnswerOpened()
    {
        var own = Plain.WithChatTemplate(Turns);
        var encoder = new TextEncoder(own, 64);
        Assert.Equal("U:abc\nA:", encoder.EncodePrompt(new ChatExample(Origin, Talk[..1]), room: 8)!.Text);
        Assert.Equal("U:abc\nA:def<|endoftext|>U:x\nA:", encoder.EncodePrompt(new ChatExample(Origin, Talk), room: 8)!.Text);
    }

    [Fact]
    public void AnswersThatAreMessagesAreRankedBehindTheOpenedPromptAndEndOnce()
    {
        var own = Plain.WithChatTemplate(Turns);
        var example = new ChatComparisonExample(Origin, new(Talk[..1]), [[new("assistant", "good")], [new("assistant", "bad")]],
            ComparisonSet.FromRanks(0, 1));
        var ranking = new TextEncoder(own, 64).EncodeComparisons(example)!;
        Assert.Equal(ranking.Texts, new TextEncoder(own, 64).EncodeForScoring(example));
        Assert.Equal("U:abc\nA:good<|endoftext|>", own.Decode(ranking.Texts[0]));
        Assert.Equal("U:abc\nA:bad<|endoftext|>", own.Decode(ranking.Texts[1]));
        Assert.Equal("U:abc\nA:", own.Decode(ranking.Texts[0].AsSpan(0, ranking.PromptLength)));
    }

    [Fact]
    public void RankedAnswersThatDoNotExtendThePromptAreRefused()
    {
        var own = Plain.WithChatTemplate(Turns.Replace("%}A:{% endif %}", "%}A:<think>{% endif %}"));
        var example = new ChatComparisonExample(Origin, new(Talk[..1]), [[new("assistant", "good")], [new("assistant", "bad")]],
            ComparisonSet.FromRanks(0, 1));
        var message = Assert.Throws<InvalidDataException>(() => new TextEncoder(own, 64).EncodeComparisons(example)).Message;
        Assert.Contains("data.jsonl, line 3: the chat template does not render the response after the same prompt", message);
        Assert.Contains("\"<think>\"", message);
    }

    // Joins messages of one role, and closes a turn before another role.
    const string Joined =
        "{% for m in messages %}{% if loop.first or loop.previtem.role != m.role %}{{ '<' + m.role + '> ' }}{% endif %}{{ m.content }}"
        + "{% if loop.last or loop.nextitem.role != m.role %}{{ '<end>' }}{% endif %}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<assistant> ' }}{% endif %}";

    [Fact]
    public void Row_TwoResponsesThatTheTemplateJoins_LearnsBothAndSaysHow()
    {
        var (learned, text, notices) = Row(Joined, new("user", "abc"), new("assistant", "north."), new("assistant", "south."));
        Assert.Equal("<user> abc<end><assistant> north.south.<end><|endoftext|>", text);
        Assert.Equal("north.south.<end><|endoftext|>", string.Concat(learned));
        Assert.Contains(notices, notice => notice.Contains("do not extend the generation prompt"));
    }

    [Fact]
    public void Row_EndThatSharesCharactersWithTheNextHeader_LearnsTheResponseAlone()
    {
        const string Shared = "{% for m in messages %}{{ '<' + m.role + '>' + m.content }}"
            + "{{ '<end>' if loop.last and m.role == 'assistant' }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}";
        var (learned, text, _) = Row(Shared, Talk);
        Assert.Equal("<user>abc<assistant>def<user>x<assistant>y<end><|endoftext|>", text);
        Assert.Equal(["def", "y<end><|endoftext|>"], learned);
    }

    [Fact]
    public void Row_TemplateThatWritesPartsOnly_WritesTextsAndSaysSo()
    {
        const string Parts = "{% for m in messages %}{{ '<' + m.role + '>' }}{% for p in m.content %}{% if p.type == 'text' %}"
            + "{{ p.text }}{% endif %}{% endfor %}{{ '<end>' }}{% endfor %}{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}";
        var (learned, text, notices) = Row(Parts, Talk[..2]);
        Assert.Equal("<user>abc<end><assistant>def<end><|endoftext|>", text);
        Assert.Equal(["def<end><|endoftext|>"], learned);
        Assert.Contains(notices, notice => notice.Contains("content as a list of parts"));
    }

    [Fact]
    public void Row_TextThatTheTemplateDoesNotWrite_IsNotLearnedAndIsSaid()
    {
        var deaf = Turns.Replace("A:{{ m.content }}", "A:");
        var (learned, _, notices) = Row(deaf, Talk);
        Assert.Empty(learned);
        Assert.Contains(notices, notice => notice.Contains("role 'assistant' whose text the chat template does not write"));
        Assert.Contains(notices, notice => notice.Contains("responses the chat template does not write after their prompt"));
        var silent = Turns.Replace("{% for m in messages %}", "{% for m in messages if m.role != 'tool' %}");
        (_, _, notices) = Row(silent, new("user", "abc"), new("tool", "14:00"), new("assistant", "def"));
        Assert.Contains("a message of the role 'tool' whose text the chat template does not write", Assert.Single(notices));
        Assert.Empty(Row(Turns.Replace("U:{{ m.content }}", "U:{{ m.content | upper }}"), Talk).Notices);
    }

    [Theory]
    [InlineData("{% for m in messages %}{{ m.role }}:{{ m.content }}{{ eos_token }}{% endfor %}", "system:abc")]
    [InlineData("{# developer #}{% for m in messages %}{{ m.role }}:{{ m.content }}{{ eos_token }}{% endfor %}", "developer:abc")]
    public void Row_RoleDeveloper_IsSystemWhereTheTemplateDoesNotKnowIt(string template, string expected) =>
        Assert.StartsWith(expected, Row(template, new("developer", "abc"), new("assistant", "def")).Text);

    [Fact]
    public void Encode_TokenWithoutAnEmbedding_NamesLineTokenIdAndRows()
    {
        var own = Plain.WithSpecialTokens(bos: "<far>");
        var rows = Plain.VocabularySize;
        var encoder = new TextEncoder(own, 64) { Embeddings = rows };
        Action[] encodings =
        [
            () => encoder.EncodeDemonstration(new(Origin, "abc", "<far>")),
            () => encoder.EncodeDemonstration(new(Origin, "<far>", "abc")),
            () => encoder.EncodePrompt(new PromptOnly(Origin, "<far>"), room: 8),
            () => encoder.EncodeComparisons(new ComparisonExample(Origin, "a", ["b", "c<far>"], ComparisonSet.FromRanks(0, 1))),
            () => encoder.EncodeForScoring(new Document(Origin, "<far>")),
            () => encoder.EncodeForScoring(new Demonstration(Origin, "abc", "<far>")),
            () => encoder.EncodeForScoring(new ComparisonExample(Origin, "a", ["b", "<far>"], ComparisonSet.FromRanks(0, 1))),
            () => new TextEncoder(own.WithChatTemplate("{{ bos_token }}" + Turns), 64) { Embeddings = rows }.EncodeChat(new(Origin, Talk)),
        ];
        foreach (var encode in encodings)
            Assert.StartsWith(
                $"data.jsonl, line 3: the token '<far>' has the id {rows}, but the model has embeddings for {rows} tokens, ids 0 to "
                + $"{rows - 1}.",
                Assert.Throws<InvalidDataException>(encode).Message);
        var inspected = new ExampleInspector(own, embeddings: rows).Inspect(new Demonstration(Origin, "abc", "<far>"));
        Assert.True(inspected.IsLeftOut);
        Assert.Contains("the token '<far>' has the id", Assert.Single(inspected.Notes));
    }

    [Fact]
    public void PromptFormat_ModelWithATemplate_MakesTextAUserMessage()
    {
        var own = Plain.WithChatTemplate("{% for m in messages %}{{ m.role }}:{{ m.content }}\n{% endfor %}A:");
        Assert.Equal("user:hi\nA:", Text(new(own)));
        Assert.Equal("system:Be brief.\nuser:hi\nA:", Text(new(own, system: "Be brief.")));
        Assert.Equal("hi", Text(new(own, raw: true)));
        Assert.Equal("hi", Text(new(Plain)));
        Assert.Throws<InvalidDataException>(() => new PromptFormat(Plain, system: "Be brief."));
        Assert.Throws<InvalidDataException>(() => new PromptFormat(own, raw: true, system: "Be brief."));

        string Text(PromptFormat format) =>
            new TextEncoder(own, 64).EncodePrompt(format.Apply(new PromptOnly(Origin, "hi")), room: 8)!.Text;
    }

    [Fact]
    public void PromptFormat_LabelledOrStepwiseExample_MakesItsPromptAUserMessage()
    {
        var format = new PromptFormat(Plain.WithChatTemplate(Turns));
        Demonstration text = new(Origin, "hi", "a");
        foreach (var example in new Example[] { new LabelledExample(Origin, text, true), new StepwiseExample(Origin, "hi", ["a"], [true]) })
            Assert.Equal([new("user", "hi")], Assert.IsType<ChatExample>(format.Apply(example)).Messages);
    }

    [Fact]
    public void AnInspectionShowsWholeTextsAndWhatBecomesOfThem()
    {
        var look = new ExampleInspector(Plain, context: 10).Inspect(new Demonstration(Origin, "abc", new string('x', 30)));
        Assert.True(look.Length > 30);
        Assert.False(look.IsLeftOut);
        Assert.Equal("texts longer than 10 tokens were cut at the end", Assert.Single(look.Notes));
        Assert.True(new ExampleInspector(Plain, context: 10, OverlongExamples.Drop).Inspect(look.Example).IsLeftOut);
        Assert.True(new ExampleInspector(Plain).Inspect(new Demonstration(Origin, "abc", " ")).IsLeftOut);
        Assert.Equal(2,
            new ExampleInspector(Plain).Inspect(new ComparisonExample(Origin, "a", ["b", "c"], ComparisonSet.FromRanks(0, 1))).Rows.Count);
    }
}
