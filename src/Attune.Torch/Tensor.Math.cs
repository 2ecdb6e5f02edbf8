using Attune.Torch.Interop;

namespace Attune.Torch;

public sealed partial class Tensor
{
    public Tensor Exp() => Aten.Exp.Call(this);

    public Tensor Log() => Aten.Log.Call(this);

    public Tensor Sqrt() => Aten.Sqrt.Call(this);

    /// <summary>1 / √x</summary>
    public Tensor Rsqrt() => Aten.ReciprocalSqrt.Call(this);

    public Tensor Pow(double exponent) => Aten.Power.Call(this, Argument.Scalar(exponent));

    public Tensor Square() => this * this;

    public Tensor Abs() => Aten.Abs.Call(this);

    public Tensor Cos() => Aten.Cos.Call(this);

    public Tensor Sin() => Aten.Sin.Call(this);

    public Tensor Tanh() => Aten.Tanh.Call(this);

    public Tensor Sigmoid() => Aten.Sigmoid.Call(this);

    /// <summary>log σ(x), stable for large |x|</summary>
    public Tensor LogSigmoid() => Aten.LogSigmoid.Call(this);

    public Tensor Relu() => Aten.Relu.Call(this);

    /// <summary>x Φ(x), exactly or by the tanh approximation. Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415</summary>
    public Tensor Gelu(bool tanhApproximation) =>
        (tanhApproximation ? Activate(SigmoidActivation.GeluTanh) : null) ?? Aten.Gelu.Call(this, tanhApproximation ? "tanh" : "none");

    /// <summary>x σ(x)</summary>
    public Tensor Silu() => Activate(SigmoidActivation.Silu) ?? Aten.Silu.Call(this);

    public Tensor Clamp(double? low, double? high) => Aten.Clamp.Call(this, Argument.Scalar(low), Argument.Scalar(high));

    public Tensor Clamp(Tensor low, Tensor high) => Aten.ClampTensor.Call(this, low, high);

    public static Tensor Maximum(Tensor a, Tensor b) => Aten.Maximum.Call(a, b);

    public static Tensor Minimum(Tensor a, Tensor b) => Aten.Minimum.Call(a, b);

    /// <summary>Elements of <paramref name="yes"/> where the condition is true, of <paramref name="no"/> elsewhere.</summary>
    public static Tensor Where(Tensor condition, Tensor yes, Tensor no) => Aten.Where.Call(condition, yes, no);

    /// <summary>The tensor with the value where the mask is true.</summary>
    public Tensor MaskedFill(Tensor mask, double value) => Aten.MaskedFill.Call(this, mask, Argument.Scalar(value));

    public Tensor IsFinite() => Aten.IsFinite.Call(this);

    /// <summary>Replaces NaN by 0, and ±∞ by the largest and smallest numbers of the type.</summary>
    public Tensor NanToNum() => Aten.NanToNum.Call(this);

    public Tensor All() => Aten.All.Call(this);

    public Tensor EqualTo(double value) => Aten.Equal.Call(this, Argument.Scalar(value));

    public Tensor EqualTo(Tensor other) => Aten.EqualTensor.Call(this, other);

    public Tensor NotEqualTo(double value) => Aten.NotEqual.Call(this, Argument.Scalar(value));

    public Tensor Sum() => Aten.Sum.Call(this);

    public Tensor Sum(int dimension, bool keepDim = false) => Aten.SumAlong.Call(this, (long[])[dimension], keepDim);

    public Tensor Mean() => Aten.Mean.Call(this);

    public Tensor Mean(int dimension, bool keepDim = false) => Aten.MeanAlong.Call(this, (long[])[dimension], keepDim);

    public Tensor Max(int dimension, bool keepDim = false) => Aten.MaximumAlong.Call(this, (long[])[dimension], keepDim);

    public Tensor Min(int dimension, bool keepDim = false) => Aten.MinimumAlong.Call(this, (long[])[dimension], keepDim);

    public Tensor ArgMax(int dimension) => Aten.ArgMax.Call(this, dimension);

    public Tensor CumSum(int dimension) => Aten.CumulativeSum.Call(this, dimension);

    public Tensor Softmax(int dimension) => Aten.Softmax.Call(this, dimension);

    public Tensor LogSoftmax(int dimension) => Aten.LogSoftmax.Call(this, dimension);

    public Tensor LogSumExp(int dimension) => Aten.LogSumExp.Call(this, (long[])[dimension]);

    /// <summary>The Euclidean norm of all elements.</summary>
    public Tensor Norm() => Aten.Norm.Call(this);

    /// <summary>The k largest elements along the last dimension, largest first, and their indices.</summary>
    public (Tensor Values, Tensor Indices) TopK(long k) => Aten.TopK.CallPair(this, k);

    public (Tensor Values, Tensor Indices) Sort(int dimension, bool descending = false) =>
        Aten.Sort.CallPair(this, dimension, descending);

    public Tensor MatMul(Tensor other) => Aten.MatrixProduct.Call(this, other);

    /// <summary>(N, A, B) times (N, B, C) → (N, A, C)</summary>
    public Tensor Bmm(Tensor other) => Aten.BatchedProduct.Call(this, other);

    /// <summary>this + scale · a b for batches of matrices; this tensor is broadcast.</summary>
    public Tensor Baddbmm(Tensor a, Tensor b, double scale) => Aten.AddBatchedProduct.Call(this, a, b, 1, scale);

    /// <summary>x Wᵀ + b, weight (out, in)</summary>
    public Tensor Linear(Tensor weight, Tensor? bias = null)
    {
        Native.Check(Native.attune_linear(DataHandle, weight.DataHandle, bias?.DataHandle ?? 0, out var result));
        return result == 0 ? Aten.Linear.Call(this, weight, bias) : new(result);
    }

    /// <summary>Layer normalisation over the last dimension. Ba et al. 2016, https://arxiv.org/abs/1607.06450</summary>
    public Tensor LayerNorm(Tensor weight, Tensor? bias, double epsilon) =>
        Aten.LayerNorm.Call(this, weight.ShapeArray, weight, bias, epsilon);

    /// <summary>
    /// Rows of a table (V, D), one for each token: (…) → (…, D). On a CPU the gradient of a float32 table has only these rows until
    /// <see cref="Grad"/> is read.
    /// </summary>
    /// <param name="table">(V, D)</param>
    /// <param name="tokens">(…) int64</param>
    public static Tensor Embedding(Tensor table, Tensor tokens)
    {
        Native.Check(Native.attune_embedding(table.DataHandle, tokens.DataHandle, out var result));
        return result == 0 ? Aten.Embedding.Call(table, tokens, -1, false, false) : new(result);
    }

    public Tensor AddInPlace(Tensor other, double scale = 1) => Aten.AddInPlace.CallInPlace(this, other, scale);

    public Tensor MultiplyInPlace(double factor) => Aten.MultiplyScalarInPlace.CallInPlace(this, Argument.Scalar(factor));

    public Tensor MultiplyInPlace(Tensor other) => Aten.MultiplyInPlace.CallInPlace(this, other);

    /// <summary>this += scale · a · b</summary>
    public Tensor AddcmulInPlace(Tensor a, Tensor b, double scale) => Aten.AddProductInPlace.CallInPlace(this, a, b, scale);

    /// <summary>this += scale · a / b</summary>
    public Tensor AddcdivInPlace(Tensor a, Tensor b, double scale) => Aten.AddQuotientInPlace.CallInPlace(this, a, b, scale);

    /// <summary>this += weight · (end − this)</summary>
    public Tensor LerpInPlace(Tensor end, double weight) => Aten.LerpInPlace.CallInPlace(this, end, weight);

    public Tensor FillInPlace(double value) => Aten.FillInPlace.CallInPlace(this, value);
}
