using Attune.Reporting.Reports;
using Attune.Testing;

namespace Attune.Reporting.Tests;

/// <summary>The model card of a run's result.</summary>
public sealed class ModelCardTests : IDisposable
{
    static readonly MethodDescription Sft = new("sft") { Summary = "Fine-tune on demonstrations" };

    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Card_OfARunFromTheHub_NamesModelAndData()
    {
        Run("/cache/models--Qwen--Qwen2.5-0.5B/snapshots/0123", "/cache/datasets--openai--gsm8k/snapshots/45/main/train.jsonl");
        Assert.Equal(
            """
            ---
            library_name: transformers
            pipeline_tag: text-generation
            base_model: Qwen/Qwen2.5-0.5B
            base_model_relation: finetune
            datasets:
            - openai/gsm8k
            tags:
            - attune
            - rlhf
            - sft
            ---

            # my-run

            [Qwen/Qwen2.5-0.5B](https://huggingface.co/Qwen/Qwen2.5-0.5B), trained with Attune's method `sft`: Fine-tune on demonstrations.

            ## Data

            | | file | rows | SHA-256 of the rows |
            |---|---|---|---|
            | train | openai/gsm8k/train.jsonl | 1,200 | `abc` |

            ## Results

            After 2 steps, 3s, on held-out data:

            | metric | first | last |
            |---|---|---|
            | Loss | 2.5 nats a token | 1.25 nats a token |
            | Token accuracy | 25 % | 50 % |

            ## Usage

            ```python
            from transformers import AutoTokenizer, AutoModelForCausalLM

            model = AutoModelForCausalLM.from_pretrained("PATH")
            tokenizer = AutoTokenizer.from_pretrained("PATH")
            ```

            ## Recipe

            ```yaml
            method: sft
            model: "Qwen/Qwen2.5-0.5B/0123"
            data:
              train: "openai/gsm8k/train.jsonl"
            ```

            """, Card());
    }

    [Fact]
    public void Card_OfARunFromAnotherRun_NamesItsBaseModelAndNoFolders()
    {
        folder.Write("first/README.md", "---\nbase_model: owner/name\n---\n");
        Run(folder.File("first"), "/home/somebody/secret/train.jsonl");
        Assert.Contains("base_model: owner/name\n", Card());
        Assert.DoesNotContain("somebody", Card());
        Assert.DoesNotContain(folder.Path, Card());
        Assert.DoesNotContain("license", Card());
    }

    [Fact]
    public void Card_OfAnAdapterOfARewardModel_IsForPeft()
    {
        Run("", "");
        File.Delete(folder.File("my-run/model/config.json"));
        ModelCard.Write(folder.File("my-run/model"), new(folder.File("my-run")), new("reward") { MakesRewardModel = true });
        Assert.StartsWith("---\nlibrary_name: peft\npipeline_tag: text-classification\ntags:\n", Card());
    }

    void Run(string model, string data)
    {
        folder.Write("my-run/recipe.yaml", $"method: sft\nmodel: \"{model}\"\ndata:\n  train: \"{data}\"\n");
        folder.Write("my-run/data.json", $$"""{"train": {"path": "{{data}}", "rows": 1200, "sha256": "abc"} }""");
        folder.Write("my-run/metrics.jsonl", """
            {"step": 0, "time/seconds": 1, "eval/loss": 2.5, "eval/accuracy": 0.25}
            {"step": 1, "time/seconds": 2, "loss": 2}
            {"step": 2, "time/seconds": 3, "loss": 1}
            {"step": 2, "time/seconds": 3, "eval/loss": 1.25, "eval/accuracy": 0.5}

            """);
        folder.Write("my-run/model/config.json", """{"architectures": ["Qwen2ForCausalLM"]}""");
        ModelCard.Write(folder.File("my-run/model"), new(folder.File("my-run")), Sft);
    }

    string Card() => File.ReadAllText(folder.File("my-run/model/README.md"));
}
