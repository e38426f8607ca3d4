package cloudformation

import (
	"cmp"
	"strings"

	"sluice/local/wire"
)

// dataKinds are the kinds that keep something: data, logs, metrics, settings.
var dataKinds = map[string]kind{
	"AWS::DynamoDB::Table": of(Provider.Table, func(s *TableSpec) *Meta { return &s.Meta },
		named(255, func(s *TableSpec) *string { return &s.TableName }),
		func(s *TableSpec) Created {
			a := arn("dynamodb", "table/"+s.TableName)
			c := created(s.TableName, "Arn", a)
			if s.StreamSpecification != nil {
				c.Attributes["StreamArn"] = a + "/stream/local"
			}
			return c
		}),
	"AWS::S3::Bucket": of(Provider.Bucket, func(s *BucketSpec) *Meta { return &s.Meta },
		func(s any) (*string, int, bool) { return &s.(*BucketSpec).BucketName, 63, true },
		func(s *BucketSpec) Created {
			return created(s.BucketName, "Arn", "arn:aws:s3:::"+s.BucketName, "DomainName", s.BucketName+".s3.amazonaws.com",
				"RegionalDomainName", s.BucketName+".s3."+wire.Region+".amazonaws.com")
		}),
	"AWS::S3::BucketPolicy": of(Provider.BucketPolicy, func(s *BucketPolicySpec) *Meta { return &s.Meta }, nil,
		func(s *BucketPolicySpec) Created { return created(s.Bucket) }),
	"AWS::Logs::LogGroup": of(Provider.LogGroup, func(s *LogGroupSpec) *Meta { return &s.Meta },
		named(512, func(s *LogGroupSpec) *string { return &s.LogGroupName }),
		func(s *LogGroupSpec) Created {
			return created(s.LogGroupName, "Arn", arn("logs", "log-group:"+s.LogGroupName+":*"))
		}),
	"AWS::SSM::Parameter": of(Provider.Parameter, func(s *ParameterSpec) *Meta { return &s.Meta },
		named(1011, func(s *ParameterSpec) *string { return &s.Name }),
		func(s *ParameterSpec) Created { return created(s.Name, "Type", s.Type, "Value", s.Value) }),
	"AWS::SageMaker::ModelPackageGroup": of(Provider.ModelPackageGroup, func(s *ModelPackageGroupSpec) *Meta { return &s.Meta }, nil,
		func(s *ModelPackageGroupSpec) Created {
			a := arn("sagemaker", "model-package-group/"+strings.ToLower(s.ModelPackageGroupName))
			return created(a, "ModelPackageGroupArn", a, "ModelPackageGroupStatus", "Completed")
		}),
	"AWS::CloudWatch::Alarm": of(Provider.Alarm, func(s *AlarmSpec) *Meta { return &s.Meta },
		named(255, func(s *AlarmSpec) *string { return &s.AlarmName }),
		func(s *AlarmSpec) Created {
			return created(s.AlarmName, "Arn", arn("cloudwatch", "alarm:"+s.AlarmName))
		}),
	"AWS::CloudWatch::CompositeAlarm": of(Provider.CompositeAlarm, func(s *CompositeAlarmSpec) *Meta { return &s.Meta },
		named(255, func(s *CompositeAlarmSpec) *string { return &s.AlarmName }),
		func(s *CompositeAlarmSpec) Created {
			return created(s.AlarmName, "Arn", arn("cloudwatch", "alarm:"+s.AlarmName))
		}),
	"AWS::CloudWatch::Dashboard": of(Provider.Dashboard, func(s *DashboardSpec) *Meta { return &s.Meta },
		named(255, func(s *DashboardSpec) *string { return &s.DashboardName }),
		func(s *DashboardSpec) Created { return created(s.DashboardName) }),
}

// usually fills in what the provider left out.
func (k kind) usually(spec any, c Created) Created {
	usual := k.usual(spec)
	usual.Ref = cmp.Or(c.Ref, usual.Ref)
	for name, v := range c.Attributes {
		usual.Attributes[name] = v
	}
	return usual
}
