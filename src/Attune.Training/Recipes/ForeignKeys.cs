namespace Attune.Training.Recipes;

/// <summary>
/// Argument names of TRL, trlX and OpenRLHF, and the keys of Attune that correspond to them, for messages about unknown keys.
/// docs/coming-from-trl.md lists them too.
/// </summary>
static class ForeignKeys
{
    /// <summary>What corresponds to a name.</summary>
    /// <param name="Keys">Full keys, of which a recipe has at most one; none where Attune has no such option.</param>
    /// <param name="Note">What differs, or what to do where there is no key; may be empty.</param>
    public sealed record Meaning(IReadOnlyList<string> Keys, string Note);

    public static IReadOnlyDictionary<string, Meaning> All { get; } = Read();

    /// <summary>The key of a recipe that corresponds to a foreign name; null if there is none.</summary>
    public static string? KeyOf(string name, IReadOnlyCollection<string> keys) =>
        All.GetValueOrDefault(Plain(name))?.Keys.FirstOrDefault(keys.Contains);

    /// <summary>What to write instead of a foreign name; null for a name that is not foreign.</summary>
    /// <param name="name">The name, in full or its last part.</param>
    /// <param name="keys">The keys of the recipe.</param>
    public static string? Explain(string name, IReadOnlyCollection<string> keys)
    {
        if (All.GetValueOrDefault(Plain(name)) is not { } meaning)
            return null;
        if (KeyOf(name, keys) is { } key)
            return $"use `{key}`{(meaning.Note.Length > 0 ? $": {meaning.Note}" : "")}";
        return meaning.Keys.Count == 0
            ? meaning.Note
            : $"this method has no such key; others have {string.Join(" or ", meaning.Keys.Select(other => $"`{other}`"))}";
    }

    static string Plain(string name) =>
        name[(name.LastIndexOf('.') + 1)..].TrimStart('-').Replace('-', '_').ToLowerInvariant();

    /// <summary>A line has names, the keys, and a note. A name in several lines has the keys of all of them.</summary>
    static Dictionary<string, Meaning> Read() => Table.Split('\n')
        .Select(line => line.Split('|', StringSplitOptions.TrimEntries)).Where(columns => columns.Length == 3)
        .SelectMany(columns => columns[0].Split(' ').Select(name => KeyValuePair.Create(
            name, new Meaning(columns[1].Split(' ', StringSplitOptions.RemoveEmptyEntries), columns[2]))))
        .GroupBy(row => row.Key, row => row.Value, StringComparer.Ordinal)
        .ToDictionary(
            rows => rows.Key, rows => new Meaning([.. rows.SelectMany(row => row.Keys)], string.Concat(rows.Select(row => row.Note))),
            StringComparer.Ordinal);

    const string Table = """
        num_train_epochs | training.epochs | 
        max_steps total_steps | training.steps | 
        total_episodes | training.steps | the episodes divided by the responses of a step
        per_device_train_batch_size | training.microBatchSize | the examples of a forward pass; training.batchSize is those of a step
        micro_train_batch_size | training.microBatchSize | the examples of a forward pass; training.batchSize is those of a step
        micro_rollout_batch_size | training.microBatchSize | the examples of a forward pass; training.batchSize is those of a step
        per_device_eval_batch_size | training.microBatchSize | the examples of a forward pass; training.batchSize is those of a step
        gradient_accumulation_steps | training.batchSize | the examples of a step, which are processed training.microBatchSize at a time
        train_batch_size batch_size rollout_batch_size num_rollouts chunk_size | training.batchSize | 
        num_mini_batches mini_batch_size | updates.miniBatches | how many, not how large
        num_ppo_epochs ppo_epochs num_iterations | updates.epochs | 
        num_generations n_samples_per_prompt rloo_k | updates.samplesPerPrompt rft.samplesPerPrompt | 
        learning_rate lr actor_learning_rate | optimizer.learningRate | 
        critic_learning_rate | optimizer.learningRate | one for policy and critic
        lr_scheduler_type lr_scheduler | optimizer.schedule.kind | 
        warmup_ratio warmup_steps lr_warmup_ratio num_warmup_steps | optimizer.schedule.warmup | steps, or below 1 a share of all steps
        weight_decay l2 | optimizer.weightDecay | 
        adam_beta1 | optimizer.beta1 | 
        adam_beta2 | optimizer.beta2 | 
        adam_epsilon | optimizer.epsilon | 
        max_grad_norm max_norm | optimizer.maxGradNorm | 
        optim | optimizer.kind | 
        bf16 | run.dtype | auto is bfloat16 mixed precision where the device has instructions for it
        fp16 torch_dtype dtype | run.dtype | auto, float32 or bfloat16; there is no float16 training
        output_dir save_path checkpoint_dir | run.output | 
        save_steps checkpoint_interval | run.checkpointEvery | 
        save_total_limit max_ckpt_num | run.keepCheckpoints | 
        eval_steps eval_interval eval_strategy evaluation_strategy | run.evaluateEvery | in steps
        logging_steps logging_dir report_to use_wandb |  | every step is logged in metrics.jsonl of the run folder
        resume_from_checkpoint |  | `attune train RUN` resumes a run
        overwrite_output_dir |  | name another folder with run.output, or delete the old one
        deepspeed zero_stage fsdp | run.shardWeights | ZeRO stage 3; `attune launch` starts several processes, which use stage 1 otherwise
        gradient_checkpointing |  | a smaller training.microBatchSize or parameters.topLayers saves memory
        load_in_4bit load_in_8bit attn_implementation use_liger_kernel |  | Attune does not have this
        push_to_hub trust_remote_code |  | Attune does not have this
        model_name_or_path model_path sft_model_path pretrain | model | a folder in the format of Hugging Face
        ref_model ref_model_path ref_reward_offload |  | the reference is the model that training starts from; see the section reference
        reward_model_path reward_model reward_pretrain | rewardModel | 
        reward_funcs reward_fn remote_rm_url | rewards | a list; docs/rewards.md has the kinds, such as http and plugin
        environment_factory | episodes.environments | a list; docs/environments.md has the kinds
        tools | episodes.tools | a list; docs/environments.md has the kinds
        max_tool_calling_iterations max_turns | episodes.maxTurns | 
        reward_weights | rewards | rewards.0.weight, rewards.1.weight and so on
        value_model critic_pretrain | critic.model | with critic.kind=model
        tokenizer_name_or_path | tokenizer.path | 
        num_layers_unfrozen | parameters.topLayers | 
        use_peft use_lora lora_r lora_rank | parameters.lora.rank | above 0 for an adapter
        lora_alpha | parameters.lora.alpha | 
        lora_dropout | parameters.lora.dropout | 
        lora_target_modules target_modules | parameters.lora.targets | 
        lora_modules_to_save modules_to_save | parameters.lora.modulesToSave | 
        use_rslora | parameters.lora.rsLora | 
        use_dora | parameters.lora.dora | 
        dataset_name dataset prompt_data train_file | data.train | a file or a folder
        dataset_test_split eval_dataset eval_data | data.heldOut | a file or a folder
        max_length max_seq_length | data.tooLong | texts may be as long as the model's context; this key says what happens to longer ones
        max_len seq_length | data.tooLong | texts may be as long as the model's context; this key says what happens to longer ones
        truncation_mode | data.tooLong | texts may be as long as the model's context; this key says what happens to longer ones
        max_prompt_length prompt_max_len | data.tooLong | prompts may take the model's context less sampling.maxNewTokens
        packing | sft.packing | best-fit decreasing; pretrain always packs
        packing_strategy padding_free |  | packing is best-fit decreasing, and a row's texts do not attend to each other
        completion_only_loss assistant_only_loss |  | of demonstrations only the responses are in the loss
        neftune_noise_alpha | sft.neftuneNoiseAlpha | 
        max_completion_length response_length generate_max_len max_new_tokens | sampling.maxNewTokens | 
        min_new_tokens | sampling.minNewTokens | 
        top_k | sampling.topK | 
        top_p | sampling.topP | 
        min_p | sampling.minP | 
        repetition_penalty | sampling.repetitionPenalty | 
        stop_token stop_sequences stop_strings | sampling.stop | a list of texts
        do_sample | sampling.temperature | 0 is greedy
        missing_eos_penalty | scores.missingEosPenalty | 
        stop_properly_penalty_coef | scores.stopProperlyPenaltyCoef | 
        overlong_buffer_len overlong_buffer_length | scores.lengthTarget | sampling.maxNewTokens less this; lengthPenalty is 1 / this
        overlong_penalty_factor overlong_buffer_penalty | scores.lengthPenaltyLimit | and lengthPenalty times this
        cliprange_reward reward_clip_range | scores.clip | 
        scale_reward normalize_reward | scores.scaling | 
        beta | dpo.beta cpo.beta orpo.beta tpo.beta kto.beta bco.beta gkd.beta kl.coef ilql.beta | 
        steps_for_target_q_sync | ilql.syncEvery | 
        two_qs | ilql.twoQs | 
        cql_scale | ilql.cqlScale | 
        awac_scale | ilql.awacScale | 
        kl_coef init_kl_coef | kl.coef | 
        kl_estimator kl_penalty | kl.estimator | 
        adap_kl_ctrl | kl.controller | adaptive
        kl_target | kl.target | 
        kl_horizon | kl.horizon | 
        cliprange eps_clip clip_range epsilon epsilon_low | ppo.clipRange grpo.clipLow rloo.clipLow reinforce.clipLow | 
        epsilon_high | grpo.clipHigh rloo.clipHigh reinforce.clipHigh | 
        cliprange_value value_clip | ppo.valueClipRange | 
        vf_coef | ppo.valueCoef a2c.valueCoef | 
        ent_coef entropy_coef entropy_loss_coef | ppo.entropyCoef grpo.entropyCoef a2c.entropyCoef | 
        lam lambd gae_lambda | ppo.gaeLambda a2c.gaeLambda trpo.gaeLambda | 
        lam_critic lambda_critic | ppo.valueGaeLambda a2c.valueGaeLambda trpo.valueGaeLambda | 
        divergence_type | ppo.divergenceType grpo.divergenceType | binaryTv or binaryKl; the limit is the clip range
        clip_cov_ratio | ppo.covariance.clipCovRatio grpo.covariance.clipCovRatio | 
        clip_cov_lb | ppo.covariance.clipCovLb grpo.covariance.clipCovLb | 
        clip_cov_ub | ppo.covariance.clipCovUb grpo.covariance.clipCovUb | 
        kl_cov_ratio | ppo.covariance.klCovRatio grpo.covariance.klCovRatio | 
        ppo_kl_coef | ppo.covariance.klCovCoef grpo.covariance.klCovCoef | 
        whiten_rewards | ppo.whitenRewards a2c.whitenRewards trpo.whitenRewards | 
        scale_rewards scalebystd | grpo.scaleRewards | 
        n_generations_per_prompt | rft.samplesPerPrompt | 
        n_improve_steps | rft.improveSteps | 
        start_percentile | rft.startPercentile | 
        end_percentile | rft.endPercentile | 
        ptx_coef | mix.coef | 
        ema_beta enable_ema | average.decay | 
        sync_ref_model precompute_ref_log_probs | reference.kind | synchronised or precomputed
        ref_model_sync_steps | reference.syncEvery | 
        ref_model_mixup_alpha | reference.syncRate | 
        teacher_model_kind | gkd.teacherKind | fixed, live or average
        teacher_sync_steps | gkd.syncEvery | 
        teacher_update_rate | gkd.syncRate | 
        loss_type | dpo.loss onlineDpo.loss xpo.loss cpo.loss tpo.loss kto.loss sft.loss grpo.loss | names as in exoPair and drGrpo
        loss_weights | dpo.lossWeights | 
        f_divergence_type | dpo.fDivergence | 
        f_alpha_divergence_coef | dpo.alphaDivergenceCoef | 
        ld_alpha | dpo.ldAlpha | 
        use_weighting | dpo.useWeighting | 
        discopop_tau | dpo.discopopTau | 
        reference_free | dpo.referenceFree | 
        rpo_alpha | dpo.loss | [sigmoid, sft], with dpo.lossWeights
        cpo_alpha | cpo.cpoAlpha | 
        simpo_gamma | cpo.simpoGamma | 
        tpo_alpha | tpo.tpoAlpha | 
        tpo_l_gamma | tpo.gamma | 
        label_smoothing label_smoothing_factor | dpo.labelSmoothing cpo.labelSmoothing tpo.labelSmoothing | 
        label_smoothing label_smoothing_factor | reward.labelSmoothing sft.labelSmoothing pretrain.labelSmoothing | 
        desirable_weight | kto.desirableWeight | 
        undesirable_weight | kto.undesirableWeight | 
        prompt_sample_size | bco.promptSampleSize | with bco.matchPrompts
        min_density_ratio | bco.minDensityRatio | with bco.matchPrompts
        max_density_ratio | bco.maxDensityRatio | with bco.matchPrompts
        train_sampling_strategy |  | examples are shuffled anew in every epoch
        step_separator | prm.stepSeparator | 
        train_on_last_step_only | prm.trainOnLastStepOnly | 
        center_rewards_coefficient | reward.centerCoef | 
        disable_dropout | sft.dropout pretrain.dropout | with the opposite value
        teacher_model_name_or_path | teacher | a folder with the same tokenizer as the model
        lmbda | gkd.lambda | 
        seq_kd | gkd.seqKd | 
        rkl_advantage | minillm.rklAdvantage | 
        single_step_decomposition | minillm.singleStepDecomposition | 
        length_normalization | minillm.lengthNormalization | 
        kd_temperature | minillm.kdTemperature | 
        delta | grpo.delta | 
        importance_sampling_level | grpo.importanceSamplingLevel | 
        multi_objective_aggregation | grpo.multiObjectiveAggregation | 
        mask_truncated_completions | grpo.maskTruncated rloo.maskTruncated | 
        top_entropy_quantile | grpo.topEntropyQuantile | 
        off_policy_mask_threshold | grpo.offPolicyMaskThreshold | 
        use_bias_correction_kl | grpo.useBiasCorrectionKl | 
        use_adaptive_entropy | grpo.useAdaptiveEntropy | 
        entropy_target | grpo.entropyTarget | 
        entropy_coef_delta | grpo.entropyCoefDelta | 
        entropy_coef_min | grpo.entropyCoefMin | 
        entropy_coef_max | grpo.entropyCoefMax | 
        mixture_coef | nashMd.mixtureCoef | 
        sapo_temperature_pos | grpo.sapoTemperaturePos | 
        sapo_temperature_neg | grpo.sapoTemperatureNeg | 
        vespo_k_pos | grpo.vespoKPos | 
        vespo_k_neg | grpo.vespoKNeg | 
        vespo_lambda_pos | grpo.vespoLambdaPos | 
        vespo_lambda_neg | grpo.vespoLambdaNeg | 
        normalize_advantages | rloo.normalizeAdvantages reinforce.normalizeAdvantages | 
        use_vllm vllm_mode | rollout.engine | server; sampling in the same process is local
        vllm_server_base_url vllm_server_host | rollout.servers | a list of URLs
        vllm_server_timeout request_timeout | rollout.timeout | in seconds
        vllm_importance_sampling_correction | rollout.correction | none for False
        vllm_importance_sampling_mode | rollout.correction | docs/rollouts.md has the names
        vllm_importance_sampling_cap vllm_importance_sampling_clip_max | rollout.clipMax | 
        vllm_importance_sampling_clip_min | rollout.clipMin | 
        max_staleness | rollout.maxStaleness | 
        dynamic_filtering dynamic_sampling | updates.maxResamplings | how often groups without signal are replaced
        top_mask | nlpo.topMask | 
        mask_type | nlpo.maskType | learnedTopP or learnedTopK
        min_tokens_to_keep | nlpo.minTokensToKeep | 
        target_update_iterations | nlpo.targetUpdateIterations | 
        cg_max_steps | trpo.cgMaxSteps | 
        cg_damping | trpo.cgDamping | 
        line_search_shrinking_factor | trpo.lineSearchShrinkingFactor | 
        line_search_max_iter | trpo.lineSearchMaxIter | 
        sub_sampling_factor | trpo.subSamplingFactor | 
        n_critic_updates | updates.epochs | 
        advantage_estimator |  | it is the method: `attune ppo`, `attune grpo`, `attune rloo` or `attune reinforce`
        """;
}
