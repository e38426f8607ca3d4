package forecast

import ("testing";"os";"sluice/shared/spec";"context";"fmt";"time")
func TestQuick(t *testing.T){
 b,_:=os.ReadFile("../../../examples/churn/sluice.yaml")
 s,err:=spec.Parse("x",b); if err!=nil{t.Fatal(err)}
 r,err:=RulesOf(s.Rollout); if err!=nil{t.Fatal(err)}
 t0:=time.Now()
 for _,p:=range []string{"steady","bursty"} {
 f,err:=Simulate(context.Background(),r,Options{Environment:Environment{1000,"", 0.001},Faults:Faults(r),Rollouts:1000,Seed:1})
 _ = p
 if err!=nil{t.Fatal(err)}
 fmt.Println(time.Since(t0), r.Plan, r.Look)
 for _,c:=range f.Candidates{ fmt.Printf("%s rate %v within %v RB %.3v med %v p90 %v at %v exp %.0f bad %.1f imm %.1f prom %v und %d starts %v\n",c.Name,c.Rate,c.Within,c.RolledBack,c.CatchMedian,c.CatchP90,c.CaughtAt,c.Exposed.Value,c.Bad,c.Immediate,c.Promotion,c.Undecided,c.Starts)}
 }
}
