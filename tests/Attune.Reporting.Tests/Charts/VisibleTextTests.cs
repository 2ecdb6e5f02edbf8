using Attune.Reporting.Charts;
using Attune.Reporting.Pages;

namespace Attune.Reporting.Tests;

public sealed class VisibleTextTests
{
    [Theory]
    [InlineData("plain\tand\nold", "plain\tand\nold")]
    [InlineData("a\r\nb\u2028c", "a\nb\nc")]
    [InlineData("\u001b[31mred\u0000\u007f", "␛[31mred␀␡")]
    [InlineData("\u009b31m\uffff", "\ufffd31m\ufffd")]
    [InlineData("pay \u202e001\u202c now \u2066x\u2069", "pay [U+202E]001[U+202C] now [U+2066]x[U+2069]")]
    [InlineData("نعم 你好 🎉 e\u0301", "نعم 你好 🎉 e\u0301")]
    public void WhatActsOnAScreenBecomesASign(string text, string expected) => Assert.Equal(expected, VisibleText.Escape(text));

    [Fact]
    public void HalfACharacterIsReplaced() => Assert.Equal("half \ufffd of one", VisibleText.Escape("half \ud83d of one"));

    [Fact]
    public void ALongTextIsCutBetweenCharacters()
    {
        Assert.Equal("short", VisibleText.Cut("short", 5));
        Assert.Equal("abc … (2 more characters)", VisibleText.Cut("abcde", 3));
        Assert.Equal("ab … (3 more characters)", VisibleText.Cut("ab🎉c", 3));
    }
}
