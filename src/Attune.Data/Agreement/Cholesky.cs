namespace Attune.Data.Agreement;

/// <summary>Equations with a symmetric, positive definite matrix.</summary>
static class Cholesky
{
    /// <summary>The x with A x = b.</summary>
    /// <param name="matrix">A (N, N), of which the lower triangle is read, and overwritten by L with A = L Lᵀ.</param>
    /// <param name="right">b (N)</param>
    public static double[] Solve(double[,] matrix, double[] right)
    {
        var size = right.Length;
        var x = (double[])right.Clone();
        for (var row = 0; row < size; row++)                     // L, and L y = b on the way
        {
            for (var column = 0; column <= row; column++)
            {
                var sum = matrix[row, column];
                for (var k = 0; k < column; k++)
                    sum -= matrix[row, k] * matrix[column, k];
                matrix[row, column] = row == column ? Math.Sqrt(sum) : sum / matrix[column, column];
            }
            for (var k = 0; k < row; k++)
                x[row] -= matrix[row, k] * x[k];
            x[row] /= matrix[row, row];
        }
        for (var row = size - 1; row >= 0; row--)                // Lᵀ x = y
        {
            for (var k = row + 1; k < size; k++)
                x[row] -= matrix[k, row] * x[k];
            x[row] /= matrix[row, row];
        }
        return x;
    }
}
