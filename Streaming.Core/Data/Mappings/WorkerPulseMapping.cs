using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Events;

namespace Streaming.Core.Data.Mappings;

internal sealed class WorkerPulseMapping : IEntityTypeConfiguration<LastBeat>
{
    public void Configure(EntityTypeBuilder<LastBeat> pulse)
    {
        pulse.ToTable("worker_pulse");
        pulse.Property(p => p.Id).ValueGeneratedNever();
    }
}
