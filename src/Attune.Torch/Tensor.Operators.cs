using Attune.Torch.Interop;

namespace Attune.Torch;

public sealed partial class Tensor
{
    public static Tensor operator +(Tensor a, Tensor b) => Aten.Add.Call(a, b);

    public static Tensor operator +(Tensor a, double b) => Aten.AddScalar.Call(a, Argument.Scalar(b));

    public static Tensor operator -(Tensor a, Tensor b) => Aten.Subtract.Call(a, b);

    public static Tensor operator -(Tensor a, double b) => Aten.AddScalar.Call(a, Argument.Scalar(-b));

    public static Tensor operator -(double a, Tensor b) => Aten.ReverseSubtract.Call(b, Argument.Scalar(a));

    public static Tensor operator -(Tensor a) => Aten.Negate.Call(a);

    public static Tensor operator *(Tensor a, Tensor b) => Aten.Multiply.Call(a, b);

    public static Tensor operator *(Tensor a, double b) => Aten.MultiplyScalar.Call(a, Argument.Scalar(b));

    public static Tensor operator *(double a, Tensor b) => Aten.MultiplyScalar.Call(b, Argument.Scalar(a));

    public static Tensor operator /(Tensor a, Tensor b) => Aten.Divide.Call(a, b);

    public static Tensor operator /(Tensor a, double b) => Aten.MultiplyScalar.Call(a, 1 / b);

    public static Tensor operator >(Tensor a, double b) => Aten.Greater.Call(a, Argument.Scalar(b));

    public static Tensor operator <(Tensor a, double b) => Aten.Less.Call(a, Argument.Scalar(b));

    public static Tensor operator >(Tensor a, Tensor b) => Aten.GreaterTensor.Call(a, b);

    public static Tensor operator <(Tensor a, Tensor b) => Aten.LessTensor.Call(a, b);

    public static Tensor operator &(Tensor a, Tensor b) => Aten.LogicalAnd.Call(a, b);

    public static Tensor operator |(Tensor a, Tensor b) => Aten.LogicalOr.Call(a, b);

    public static Tensor operator !(Tensor a) => Aten.LogicalNot.Call(a);

    public Tensor GreaterOrEqual(double value) => Aten.GreaterOrEqual.Call(this, Argument.Scalar(value));

    public Tensor LessOrEqual(Tensor other) => Aten.LessOrEqualTensor.Call(this, other);
}
