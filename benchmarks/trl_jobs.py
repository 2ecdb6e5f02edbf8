"""Times a job of `attune bench` with TRL: the same models, batches and lengths. Prints a line of JSON.

    python trl_jobs.py JOB PRESET [STEPS]

JOB is ppo, grpo, sft, reward, dpo or generate; PRESET is S or M. Seconds are the median of the steps after the first. Weights and words are
random, lengths are fixed (sampling does not stop at EOS), in float32 on the CPU, without dropout, gradient checkpointing, logging or
saving. Everything else is TRL's default. Needs TRL with trl.experimental.ppo, as 1.10 has it.
"""

import json
import random
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel, PreTrainedTokenizerFast, TrainerCallback

SEED = 1
EPOCHS = MINI_BATCHES = 4                                      # of ppo
GROUP_SIZE = 8                                                 # of grpo


@dataclass
class Preset:
    layers: int
    width: int
    heads: int
    context: int
    vocabulary: int
    ppo: tuple[int, int, int]                                  # rows, tokens of a prompt, tokens of a response
    generate: tuple[int, int, int]
    texts: int
    length: int


PRESETS = {
    "S": Preset(4, 256, 4, 512, 4096, (64, 16, 48), (64, 16, 48), 16, 128),
    "M": Preset(6, 768, 12, 1024, 50257, (16, 32, 32), (16, 32, 64), 4, 128),
}


class StepClock(TrainerCallback):
    """The time of each step after the first."""

    def __init__(self):
        self.seconds, self.last = [], None

    def on_step_end(self, *_, **__):
        now = time.perf_counter()
        if self.last is not None:
            self.seconds.append(now - self.last)
        self.last = now


def config(preset):
    return GPT2Config(
        vocab_size=preset.vocabulary, n_positions=preset.context, n_embd=preset.width, n_layer=preset.layers, n_head=preset.heads,
        resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=None, eos_token_id=None, pad_token_id=0, num_labels=1)


def tokenizer(preset):
    """One token for each word: w1, w2, …; token 0 is both EOS and padding."""
    words = {"</s>": 0} | {f"w{i}": i for i in range(1, preset.vocabulary)}
    made = Tokenizer(models.WordLevel(words, unk_token="</s>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="</s>", pad_token="</s>", unk_token="</s>")


def text(preset, count):
    return " ".join(f"w{random.randrange(1, preset.vocabulary)}" for _ in range(count))


def common(folder, steps, batch):
    return dict(
        output_dir=folder, use_cpu=True, bf16=False, fp16=False, gradient_checkpointing=False, per_device_train_batch_size=batch,
        max_steps=steps + 1, learning_rate=1e-6, optim="adamw_torch_fused", report_to="none", save_strategy="no", logging_strategy="no",
        disable_tqdm=True, seed=SEED)


def sft(preset, folder, steps):
    from trl import SFTConfig, SFTTrainer
    rows = Dataset.from_list([{"text": text(preset, preset.length - 1)} for _ in range(4 * preset.texts)])
    return SFTTrainer(
        model=GPT2LMHeadModel(config(preset)), args=SFTConfig(**common(folder, steps, preset.texts), max_length=preset.length),
        train_dataset=rows, processing_class=tokenizer(preset))


def reward(preset, folder, steps):
    from trl import RewardConfig, RewardTrainer
    rows = Dataset.from_list([
        {"chosen": text(preset, preset.length - 1), "rejected": text(preset, preset.length - 1)} for _ in range(4 * preset.texts)])
    return RewardTrainer(
        model=GPT2ForSequenceClassification(config(preset)),
        args=RewardConfig(**common(folder, steps, preset.texts), max_length=preset.length), train_dataset=rows,
        processing_class=tokenizer(preset))


def dpo(preset, folder, steps):
    from trl import DPOConfig, DPOTrainer
    prompt = preset.length // 4
    side = preset.length - prompt - 1
    rows = Dataset.from_list([
        {"prompt": text(preset, prompt), "chosen": " " + text(preset, side), "rejected": " " + text(preset, side)}
        for _ in range(4 * preset.texts)])
    model = GPT2LMHeadModel(config(preset))
    reference = GPT2LMHeadModel(config(preset))
    reference.load_state_dict(model.state_dict())
    return DPOTrainer(
        model=model, ref_model=reference, args=DPOConfig(**common(folder, steps, preset.texts), max_length=preset.length),
        train_dataset=rows, processing_class=tokenizer(preset))


def grpo(preset, folder, steps):
    from trl import GRPOConfig, GRPOTrainer
    count, prompt, response = preset.ppo
    rows = Dataset.from_list([{"prompt": text(preset, prompt)} for _ in range(4 * count)])
    args = GRPOConfig(
        **common(folder, steps, count), num_generations=GROUP_SIZE, max_completion_length=response, beta=0.0, num_iterations=1,
        generation_kwargs={"min_new_tokens": response})
    return GRPOTrainer(
        model=GPT2LMHeadModel(config(preset)), reward_funcs=lambda completions, **_: [float(len(one)) for one in completions], args=args,
        train_dataset=rows, processing_class=tokenizer(preset))


def ppo(preset, folder, steps):
    from trl.experimental.ppo import PPOConfig, PPOTrainer
    count, prompt, response = preset.ppo
    words = tokenizer(preset)
    rows = Dataset.from_list([{"input_ids": words(text(preset, prompt))["input_ids"]} for _ in range(4 * count)])
    settings = common(folder, steps, count // MINI_BATCHES) | dict(max_steps=-1)
    args = PPOConfig(
        **settings, gradient_accumulation_steps=MINI_BATCHES, num_mini_batches=MINI_BATCHES, num_ppo_epochs=EPOCHS,
        total_episodes=count * (steps + 1), response_length=response, temperature=1.0, kl_estimator="k1", num_sample_generations=0,
        local_rollout_forward_batch_size=count)
    policy = GPT2LMHeadModel(config(preset))
    reference = GPT2LMHeadModel(config(preset))
    reference.load_state_dict(policy.state_dict())
    return PPOTrainer(
        args=args, processing_class=words, model=policy, ref_model=reference,
        reward_model=GPT2ForSequenceClassification(config(preset)), value_model=GPT2ForSequenceClassification(config(preset)),
        train_dataset=rows, eval_dataset=rows)


def generate(preset, steps):
    """The seconds of each call after the first."""
    count, prompt, response = preset.generate
    model = GPT2LMHeadModel(config(preset)).eval()
    prompts = torch.randint(1, preset.vocabulary, (count, prompt))
    seconds = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        model.generate(
            prompts, attention_mask=torch.ones_like(prompts), do_sample=True, temperature=1.0, top_k=0, top_p=1.0,
            max_new_tokens=response, pad_token_id=0)
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


def train(create, preset, steps):
    clock = StepClock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = create(preset, folder, steps)
        trainer.add_callback(clock)
        trainer.train()
    return clock.seconds


def main(job, name, steps=3):
    random.seed(SEED)
    torch.manual_seed(SEED)
    preset = PRESETS[name]
    jobs = {"sft": sft, "reward": reward, "dpo": dpo, "grpo": grpo, "ppo": ppo}
    seconds = generate(preset, steps) if job == "generate" else train(jobs[job], preset, steps)
    print(json.dumps({
        "job": job, "preset": name, "steps": len(seconds), "seconds_per_step": round(statistics.median(seconds), 4),
        "peak_resident_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
