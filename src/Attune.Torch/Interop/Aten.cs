namespace Attune.Torch.Interop;

/// <summary>The operators that Attune uses. To add one, add a row here and a method in Tensor.*.cs.</summary>
static class Aten
{
    static readonly List<Operator> Rows = [];

    /// <summary>Every operator that Attune requires.</summary>
    public static IReadOnlyList<Operator> Required => Rows;

    // Creation
    public static readonly Operator Empty = Row("empty", "memory_format");
    public static readonly Operator Zeros = Row("zeros");
    public static readonly Operator Full = Row("full");
    public static readonly Operator Arange = Row("arange", "start_step");
    public static readonly Operator ZerosLike = Row("zeros_like");
    public static readonly Operator NormalInPlace = Row("normal_");
    public static readonly Operator UniformInPlace = Row("uniform_");
    public static readonly Operator BernoulliInPlace = Row("bernoulli_", "float");

    // Arithmetic
    public static readonly Operator Add = Row("add", "Tensor");
    public static readonly Operator AddScalar = Row("add", "Scalar");
    public static readonly Operator Subtract = Row("sub", "Tensor");
    public static readonly Operator ReverseSubtract = Row("rsub", "Scalar");
    public static readonly Operator Multiply = Row("mul", "Tensor");
    public static readonly Operator MultiplyScalar = Row("mul", "Scalar");
    public static readonly Operator Divide = Row("div", "Tensor");
    public static readonly Operator Negate = Row("neg");
    public static readonly Operator AddInPlace = Row("add_", "Tensor");
    public static readonly Operator MultiplyInPlace = Row("mul_", "Tensor");
    public static readonly Operator MultiplyScalarInPlace = Row("mul_", "Scalar");
    public static readonly Operator AddProductInPlace = Row("addcmul_");
    public static readonly Operator AddQuotientInPlace = Row("addcdiv_");
    public static readonly Operator LerpInPlace = Row("lerp_", "Scalar");
    public static readonly Operator FillInPlace = Row("fill_", "Scalar");

    // Element-wise functions
    public static readonly Operator Exp = Row("exp");
    public static readonly Operator Log = Row("log");
    public static readonly Operator Sqrt = Row("sqrt");
    public static readonly Operator ReciprocalSqrt = Row("rsqrt");
    public static readonly Operator Power = Row("pow", "Tensor_Scalar");
    public static readonly Operator Abs = Row("abs");
    public static readonly Operator Cos = Row("cos");
    public static readonly Operator Sin = Row("sin");
    public static readonly Operator Tanh = Row("tanh");
    public static readonly Operator Sigmoid = Row("sigmoid");
    public static readonly Operator LogSigmoid = Row("log_sigmoid");
    public static readonly Operator Relu = Row("relu");
    public static readonly Operator Gelu = Row("gelu");
    public static readonly Operator Silu = Row("silu");
    public static readonly Operator Clamp = Row("clamp");
    public static readonly Operator ClampTensor = Row("clamp", "Tensor");
    public static readonly Operator Maximum = Row("maximum");
    public static readonly Operator Minimum = Row("minimum");
    public static readonly Operator Where = Row("where", "self");
    public static readonly Operator MaskedFill = Row("masked_fill", "Scalar");
    public static readonly Operator IsFinite = Row("isfinite");
    public static readonly Operator NanToNum = Row("nan_to_num");

    // Comparison and logic
    public static readonly Operator Equal = Row("eq", "Scalar");
    public static readonly Operator EqualTensor = Row("eq", "Tensor");
    public static readonly Operator NotEqual = Row("ne", "Scalar");
    public static readonly Operator Greater = Row("gt", "Scalar");
    public static readonly Operator GreaterTensor = Row("gt", "Tensor");
    public static readonly Operator GreaterOrEqual = Row("ge", "Scalar");
    public static readonly Operator Less = Row("lt", "Scalar");
    public static readonly Operator LessTensor = Row("lt", "Tensor");
    public static readonly Operator LessOrEqualTensor = Row("le", "Tensor");
    public static readonly Operator LogicalAnd = Row("logical_and");
    public static readonly Operator LogicalOr = Row("logical_or");
    public static readonly Operator LogicalNot = Row("logical_not");
    public static readonly Operator All = Row("all");

    // Reductions
    public static readonly Operator Sum = Row("sum");
    public static readonly Operator SumAlong = Row("sum", "dim_IntList");
    public static readonly Operator Mean = Row("mean");
    public static readonly Operator MeanAlong = Row("mean", "dim");
    public static readonly Operator MaximumAlong = Row("amax");
    public static readonly Operator MinimumAlong = Row("amin");
    public static readonly Operator ArgMax = Row("argmax");
    public static readonly Operator CumulativeSum = Row("cumsum");
    public static readonly Operator Softmax = Row("softmax", "int");
    public static readonly Operator LogSoftmax = Row("log_softmax", "int");
    public static readonly Operator LogSumExp = Row("logsumexp");
    public static readonly Operator Norm = Row("linalg_vector_norm");
    public static readonly Operator TopK = Row("topk");
    public static readonly Operator Sort = Row("sort");

    // Matrix products and layers
    public static readonly Operator MatrixProduct = Row("matmul");
    public static readonly Operator AddBatchedProduct = Row("baddbmm");
    public static readonly Operator BatchedProduct = Row("bmm");
    public static readonly Operator Linear = Row("linear");
    public static readonly Operator LayerNorm = Row("layer_norm");
    public static readonly Operator Embedding = Row("embedding");

    // Shape and device
    public static readonly Operator Reshape = Row("reshape");
    public static readonly Operator Transpose = Row("transpose", "int");
    public static readonly Operator Permute = Row("permute");
    public static readonly Operator Unsqueeze = Row("unsqueeze");
    public static readonly Operator Squeeze = Row("squeeze", "dim");
    public static readonly Operator Expand = Row("expand");
    public static readonly Operator Slice = Row("slice", "Tensor");
    public static readonly Operator Select = Row("select", "int");
    public static readonly Operator Split = Row("split_with_sizes");
    public static readonly Operator Concatenate = Row("cat");
    public static readonly Operator Stack = Row("stack");
    public static readonly Operator Gather = Row("gather");
    public static readonly Operator IndexSelect = Row("index_select");
    public static readonly Operator Index = Row("index", "Tensor");
    public static readonly Operator IndexPut = Row("index_put");
    public static readonly Operator Triangle = Row("tril");
    public static readonly Operator RepeatInterleave = Row("repeat_interleave", "self_int");
    public static readonly Operator Contiguous = Row("contiguous");
    public static readonly Operator Clone = Row("clone");
    public static readonly Operator Detach = Row("detach");
    public static readonly Operator ToDType = Row("to", "dtype");
    public static readonly Operator ToDevice = Row("to", "dtype_layout");
    public static readonly Operator CopyInPlace = Row("copy_");

    static Operator Row(string name, string overload = "")
    {
        var row = new Operator(name, overload);
        Rows.Add(row);
        return row;
    }
}
