using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Streaming.Tests.House;

/// <summary>What compiled code uses, read from its instructions: what no <c>using</c>, alias or shorthand hides.</summary>
public static class CompiledCode
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> Instructions = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    /// <summary>Every method of an assembly with what it uses. Lambdas, iterators and async methods count as the type that they are written in.</summary>
    public static IEnumerable<MethodUse> Uses(this Assembly assembly) =>
        from type in assembly.GetTypes()
        from method in type.GetMethods(Declared).Concat<MethodBase>(type.GetConstructors(Declared))
        let body = method.GetMethodBody()
        where body is not null
        select Read(method, body);

    /// <summary>The types that a type mentions in its shape and in its instructions, its generated parts included.</summary>
    public static IEnumerable<Type> Mentions(this Assembly assembly, Type type) =>
        assembly.GetTypes().Where(part => WrittenIn(part) == type).SelectMany(MentionedBy).SelectMany(Parts).Where(t => t != type).Distinct();

    /// <summary>The type in whose source a generated one was written.</summary>
    public static Type WrittenIn(Type type) => type is { IsNested: true, DeclaringType: { } outer } ? WrittenIn(outer) : type;

    private static MethodUse Read(MethodBase method, MethodBody body)
    {
        var (members, texts) = (new List<MemberInfo>(), new List<string>());
        var il = body.GetILAsByteArray()!;
        var (typeArguments, methodArguments) = (method.DeclaringType!.GetGenericArguments(), method is MethodInfo { IsGenericMethod: true } ? method.GetGenericArguments() : []);
        for (var i = 0; i < il.Length;)
        {
            short value = il[i++];
            if (value == 0xFE) value = (short)(0xFE00 | il[i++]);
            var operand = Instructions[value].OperandType;
            switch (operand)
            {
                case OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok:
                    members.Add(method.Module.ResolveMember(BitConverter.ToInt32(il, i), typeArguments, methodArguments)!);
                    break;
                case OperandType.InlineString:
                    texts.Add(method.Module.ResolveString(BitConverter.ToInt32(il, i)));
                    break;
            }

            i += operand switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(il, i),
                _ => 4,
            };
        }

        return new MethodUse(WrittenIn(method.DeclaringType), method, members, texts, [.. body.LocalVariables.Select(v => v.LocalType)]);
    }

    private static IEnumerable<Type> MentionedBy(Type type)
    {
        if (type.BaseType is { } parent) yield return parent;
        foreach (var one in type.GetInterfaces()) yield return one;
        foreach (var field in type.GetFields(Declared)) yield return field.FieldType;
        foreach (var property in type.GetProperties(Declared)) yield return property.PropertyType;
        foreach (var method in type.GetMethods(Declared).Concat<MethodBase>(type.GetConstructors(Declared)))
        {
            if (method is MethodInfo { ReturnType: { } returned }) yield return returned;
            foreach (var parameter in method.GetParameters()) yield return parameter.ParameterType;
            if (method.GetMethodBody() is not { } body) continue;
            var use = Read(method, body);
            foreach (var local in use.Locals) yield return local;
            foreach (var member in use.Members)
            {
                if ((member as Type ?? member.DeclaringType) is { } owner) yield return owner;
                if (member is MethodInfo { IsGenericMethod: true } generic)
                    foreach (var argument in generic.GetGenericArguments()) yield return argument;
            }
        }
    }

    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.HasElementType) return Parts(type.GetElementType()!);
        return type.IsGenericParameter ? [] : type.GetGenericArguments().SelectMany(Parts).Append(WrittenIn(type));
    }
}

/// <param name="WrittenIn">The type whose source holds the method.</param>
/// <param name="Members">Methods called, fields and types used.</param>
/// <param name="Texts">Literals.</param>
public sealed record MethodUse(Type WrittenIn, MethodBase Method, IReadOnlyList<MemberInfo> Members, IReadOnlyList<string> Texts, IReadOnlyList<Type> Locals)
{
    public bool Calls(Type type, params string[] methods) => Members.Any(m => m is MethodBase && Open(m.DeclaringType) == type && methods.Contains(m.Name));

    private static Type? Open(Type? type) => type is { IsGenericType: true } ? type.GetGenericTypeDefinition() : type;
}
