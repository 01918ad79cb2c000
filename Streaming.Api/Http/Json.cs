using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Streaming.Api.Http;

/// <summary>How JSON is read and written: one spelling of each member, and nothing that is not asked for.</summary>
public static class Json
{
    public static void Configure(JsonSerializerOptions json)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        json.PropertyNameCaseInsensitive = false;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.AllowDuplicateProperties = false;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.RespectNullableAnnotations = true;
        json.RespectRequiredConstructorParameters = true;
        json.MaxDepth = 32;
        json.Converters.Add(new EnumNames());
        json.Converters.Add(new UtcTime());
        json.TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { WhatMayBeNullMayBeAbsent } };
    }

    private static void WhatMayBeNullMayBeAbsent(JsonTypeInfo type)
    {
        foreach (var member in type.Properties)
            if (member.IsSetNullable || Nullable.GetUnderlyingType(member.PropertyType) is not null || OptionalValidation.IsOptional(member.PropertyType))
                member.IsRequired = false;
    }
}
